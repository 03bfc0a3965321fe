package main

import (
	"bytes"
	"crypto/sha256"
)

// rootOf is the Merkle tree hash of entries (RFC 6962, section 2.1).
func rootOf(entries [][]byte) [32]byte {
	switch len(entries) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, entries[0]...))
	}
	k := 1
	for 2*k < len(entries) {
		k *= 2
	}
	left, right := rootOf(entries[:k]), rootOf(entries[k:])
	return sha256.Sum256(bytes.Join([][]byte{{1}, left[:], right[:]}, nil))
}
