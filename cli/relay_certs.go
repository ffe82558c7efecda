package cli

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/control"
)

// certificateFlags are those that say where visitors' certificates come from.
func (o *relayOptions) certificateFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.certs, "cert", nil, "PEM `FILE` of a certificate and its chain, for the names in it; may be repeated")
	f.StringArrayVar(&o.keys, "key", nil, "PEM `FILE` of the key of each --cert, in the same order")
	f.StringVar(&o.acme.Directory, "acme", "", "have certificates made by a CA: letsencrypt, or the `URL` of an ACME\ndirectory (default an internal CA: adit ca print)")
	f.StringVar(&o.acme.Email, "acme-email", "", "the `ADDRESS` that the CA may write to")
	f.StringVar(&o.acme.CA, "acme-ca", "", "PEM `FILE` of the roots by which the directory is verified (default the system's)")
	f.StringVar(&o.acme.Hook, "acme-dns-hook", "", "`PROGRAM` that sets TXT records, for one certificate for *.DOMAIN:\nPROGRAM present|cleanup FQDN VALUE")
}

// setCertificates turns the flags into options of the relay.
func (o *relayOptions) setCertificates() error {
	if len(o.certs) != len(o.keys) {
		return usage("--cert is given %d times and --key %d times: each certificate needs its key, in the same order", len(o.certs), len(o.keys))
	}
	for i := range o.certs {
		o.Certs = append(o.Certs, cert.Pair{Cert: o.certs[i], Key: o.keys[i]})
	}
	if o.acme.Directory != "" {
		o.ACME = &o.acme
		return nil
	}
	for _, f := range []struct{ flag, value string }{{"--acme-email", o.acme.Email}, {"--acme-ca", o.acme.CA}, {"--acme-dns-hook", o.acme.Hook}} {
		if f.value != "" {
			return usage("%s has no meaning without --acme: name the CA, such as --acme letsencrypt", f.flag)
		}
	}
	return nil
}

func (a *app) caCommand() *cobra.Command {
	c := ownerGroup("ca", "The CA by which a relay makes certificates itself")
	c.GroupID = "relay"
	c.AddCommand(a.caPrint())
	return c
}

func (a *app) caPrint() *cobra.Command {
	b := &book{app: a}
	c := &cobra.Command{
		Use: "print", Short: "Print the CA's certificate, for those who are to trust it", Args: none,
		Long: `Print the certificate of the CA by which this relay makes visitors' certificates when it
has none from files or by ACME. Who trusts it trusts it for the relay's domain only.`,
		Example: `  adit ca print > relay-ca.crt
  curl --cacert relay-ca.crt https://app.tunnel.example.com`,
		RunE: func(*cobra.Command, []string) error { return b.with(b.printCA) },
	}
	c.Flags().StringVar(&b.stateDir, "state-dir", "", "the relay's `DIR` for its state")
	return c
}

func (b *book) printCA(s control.Store) error {
	text, err := relay.InternalCA(s)
	if errors.Is(err, fs.ErrNotExist) {
		return usage("this relay has no CA yet: it makes one when it first starts with --https and without --acme\n  is --state-dir that of the relay?")
	}
	if err != nil {
		return err
	}
	_, err = b.Out.Write(text)
	return err
}
