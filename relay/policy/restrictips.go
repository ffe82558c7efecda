package policy

import (
	"net/netip"
	"strings"
)

// restrictIPs lets in whose address is in allow, if there is such a list, and not in deny.
type restrictIPs struct {
	only        bool // there is a list allow
	allow, deny []netip.Prefix

	denied, unlisted *Rejection
}

func compileRestrictIPs(config value, s scope) (action, error) {
	r := &restrictIPs{}
	enforce := true
	err := config.each(func(key string, v value) (err error) {
		switch key {
		case "allow":
			r.allow, err = readPrefixes(v)
		case "deny":
			r.deny, err = readPrefixes(v)
		case "enforce":
			enforce, err = v.flag()
		case "ip_policies":
			err = v.errorf("lists that are kept elsewhere are not yet offered; write the addresses into allow and deny")
		default:
			err = v.errorf("no such key; restrict-ips has allow, deny and enforce")
		}
		return err
	})
	r.only = len(r.allow) > 0
	switch {
	case err != nil:
		return nil, err
	case !r.only && len(r.deny) == 0:
		return nil, config.errorf("there is nothing in allow and deny")
	case !enforce:
		return nil, nil
	}
	r.denied = s.reject(RestrictIPs, "the address is denied", "")
	r.unlisted = s.reject(RestrictIPs, "the address is not among the allowed", "")
	return r, nil
}

func readPrefixes(v value) ([]netip.Prefix, error) {
	all, err := v.list("entry")
	if err != nil {
		return nil, err
	}
	var list []netip.Prefix
	for _, v := range all {
		s, err := v.text()
		if err != nil {
			return nil, err
		}
		p, ok := parsePrefix(strings.TrimSpace(s))
		if !ok {
			return nil, v.errorf("%s is no address and no network; want one such as 203.0.113.9, 10.0.0.0/8 or 2001:db8::/32", quote(s))
		}
		list = append(list, p)
	}
	return list, nil
}

// parsePrefix reads an address or a network in CIDR notation. Host bits are dropped, and IPv4 in IPv6 becomes IPv4, as visitors' addresses do.
func parsePrefix(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), err == nil && a.Zone() == ""
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false // more than all of IPv4
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

func (r *restrictIPs) judge(f *Facts) *Rejection {
	a := f.Client.Unmap().WithZone("")
	switch {
	case !a.IsValid() || contains(r.deny, a):
		return r.denied
	case r.only && !contains(r.allow, a):
		return r.unlisted
	}
	return nil
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
