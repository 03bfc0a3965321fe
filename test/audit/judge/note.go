package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kinds of keys in C2SP signed notes.
const (
	kindLog     = 0x01
	kindWitness = 0x04
)

type noteKey struct {
	name string
	id   uint32
	kind byte
	key  ed25519.PublicKey
}

// trustedKeys are what an auditor brings along: vkeys, one a line, and PEM blocks of the API's keys.
type trustedKeys struct {
	notes []noteKey
	api   map[string]ed25519.PublicKey
}

func readKeys(text string) (trustedKeys, error) {
	keys := trustedKeys{api: map[string]ed25519.PublicKey{}}
	rest := []byte(text)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return keys, err
		}
		key, ok := public.(ed25519.PublicKey)
		if !ok {
			return keys, fmt.Errorf("a key of the API's that is not Ed25519")
		}
		sum := sha256.Sum256(key)
		keys.api[hex.EncodeToString(sum[:8])] = key
		rest = after
	}
	for _, line := range strings.Split(text, "\n") {
		parts := strings.SplitN(strings.TrimSpace(line), "+", 3)
		if len(parts) != 3 || len(parts[1]) != 8 || strings.HasPrefix(line, "#") {
			continue
		}
		id, err := hex.DecodeString(parts[1])
		data, err2 := base64.StdEncoding.DecodeString(parts[2])
		if err != nil || err2 != nil || len(data) != 33 {
			continue
		}
		sum := sha256.Sum256(bytes.Join([][]byte{[]byte(parts[0] + "\n"), data}, nil))
		if !bytes.Equal(sum[:4], id) {
			return keys, fmt.Errorf("a vkey of %s with another id", parts[0])
		}
		keys.notes = append(keys.notes, noteKey{parts[0], binary.BigEndian.Uint32(id), data[0], data[1:]})
	}
	return keys, nil
}

type checkpoint struct {
	size int
	root []byte
	// seen is by when a trusted witness had seen it; zero where none says so.
	seen time.Time
}

// openCheckpoint verifies what trusted keys have signed; there has to be a log's signature among it.
func openCheckpoint(note string, keys trustedKeys) (checkpoint, error) {
	none := checkpoint{}
	end := strings.LastIndex(note, "\n\n")
	if end < 0 {
		return none, fmt.Errorf("no signed note")
	}
	text := note[:end+1]
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return none, fmt.Errorf("a checkpoint has three lines")
	}
	size, err := strconv.Atoi(lines[1])
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || len(root) != 32 || strconv.Itoa(size) != lines[1] {
		return none, fmt.Errorf("no checkpoint")
	}
	opened := checkpoint{size: size, root: root}
	isSigned := false
	for _, line := range strings.Split(strings.TrimSuffix(note[end+2:], "\n"), "\n") {
		name, encoded, ok := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		data, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(data) < 5 {
			return none, fmt.Errorf("no signature line")
		}
		for _, key := range keys.notes {
			if key.name != name || key.id != binary.BigEndian.Uint32(data) {
				continue
			}
			switch {
			case key.kind == kindLog && name == lines[0]:
				if !ed25519.Verify(key.key, []byte(text), data[4:]) {
					return none, fmt.Errorf("the log's signature does not verify")
				}
				isSigned = true
			case key.kind == kindWitness && len(data) == 76:
				seconds := binary.BigEndian.Uint64(data[4:12])
				signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, text)
				if !ed25519.Verify(key.key, []byte(signed), data[12:]) {
					return none, fmt.Errorf("a cosignature does not verify")
				}
				at := time.Unix(int64(seconds), 0)
				if opened.seen.IsZero() || at.Before(opened.seen) {
					opened.seen = at
				}
			}
		}
	}
	if !isSigned {
		return none, fmt.Errorf("no trusted key has signed the checkpoint")
	}
	return opened, nil
}
