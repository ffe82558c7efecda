package sign

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// The curve secp256k1: y² = x³ + 7 modulo fieldK1, with a base point of order orderK1. What SendGrid publishes to sign and verify makes keys on it by itself, and the
// standard library has none. Only public values go in, so that it does not matter how long it takes: some milliseconds.
var (
	fieldK1 = hexNumber("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")
	orderK1 = hexNumber("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	baseK1  = &pointK1{hexNumber("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		hexNumber("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")}
	oidK1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
)

// pointK1 is a point of the curve; nil is the one at infinity.
type pointK1 struct{ x, y *big.Int }

// secp256k1Key reads a public key (SubjectPublicKeyInfo); ok is false when it is one of another curve, or none.
func secp256k1Key(der []byte) (p *pointK1, ok bool) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, false
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil || !curve.Equal(oidK1) {
		return nil, false
	}
	key := info.Key.RightAlign()
	if len(key) != 65 || key[0] != 4 {
		return nil, false
	}
	p = &pointK1{new(big.Int).SetBytes(key[1:33]), new(big.Int).SetBytes(key[33:])}
	return p, p.onCurve()
}

func (p *pointK1) onCurve() bool {
	left := new(big.Int).Mul(p.y, p.y)
	right := new(big.Int).Exp(p.x, big.NewInt(3), nil)
	right.Add(right, big.NewInt(7)).Sub(right, left)
	return p.x.Cmp(fieldK1) < 0 && p.y.Cmp(fieldK1) < 0 && right.Mod(right, fieldK1).Sign() == 0
}

// verify is ECDSA's, of SHA-256.
func (p *pointK1) verify(content, sig []byte) bool {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) > 0 {
		return false
	}
	for _, n := range []*big.Int{rs.R, rs.S} {
		if n.Sign() <= 0 || n.Cmp(orderK1) >= 0 {
			return false
		}
	}
	sum := sha256.Sum256(content)
	w := new(big.Int).ModInverse(rs.S, orderK1)
	u := new(big.Int).SetBytes(sum[:])
	v := new(big.Int).Mul(rs.R, w)
	at := baseK1.times(u.Mul(u, w).Mod(u, orderK1)).plus(p.times(v.Mod(v, orderK1)))
	return at != nil && new(big.Int).Mod(at.x, orderK1).Cmp(rs.R) == 0
}

func (p *pointK1) times(n *big.Int) (sum *pointK1) {
	for i := n.BitLen() - 1; i >= 0; i-- {
		if sum = sum.plus(sum); n.Bit(i) == 1 {
			sum = sum.plus(p)
		}
	}
	return sum
}

func (p *pointK1) plus(q *pointK1) *pointK1 {
	if p == nil || q == nil {
		if p == nil {
			return q
		}
		return p
	}
	rise, run := new(big.Int).Sub(q.y, p.y), new(big.Int).Sub(q.x, p.x)
	if run.Sign() == 0 {
		if rise.Sign() != 0 || p.y.Sign() == 0 {
			return nil
		}
		rise.Mul(p.x, p.x).Mul(rise, big.NewInt(3)) // the tangent's
		run.Lsh(p.y, 1)
	}
	slope := run.ModInverse(run.Mod(run, fieldK1), fieldK1)
	slope.Mul(slope, rise).Mod(slope, fieldK1)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, fieldK1)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, slope).Sub(y, p.y).Mod(y, fieldK1)
	return &pointK1{x, y}
}

func hexNumber(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 16) // a constant
	return n
}
