// Command check judges checkpoints and proofs of the audit log with nothing of ours: golang.org/x/mod/sumdb, by which Go checks
// its own checksum database. It reads a JSON request from standard input and writes one verdict for each case.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Log     string `json:"log"`     // the log's public key
	Witness string `json:"witness"` // a witness's public key, of type cosignature/v1
	Cases   []struct {
		Kind       string   `json:"kind"` // checkpoint, cosigned, entry, continuation
		Checkpoint string   `json:"checkpoint"`
		Earlier    string   `json:"earlier"` // continuation: the earlier checkpoint
		Proof      []string `json:"proof"`   // continuation: hashes in base64
		TlogProof  string   `json:"tlogProof"`
		Entry      []byte   `json:"entry"`
	} `json:"cases"`
}

type verdict struct {
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason"`
}

func main() {
	var req request
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		log.Fatal(err)
	}
	logKey, err := note.NewVerifier(req.Log)
	if err != nil {
		log.Fatal(err)
	}
	witness, err := newCosigner(req.Witness)
	if err != nil {
		log.Fatal(err)
	}
	verdicts := []verdict{}
	for _, c := range req.Cases {
		var err error
		switch c.Kind {
		case "checkpoint":
			_, err = openCheckpoint(c.Checkpoint, logKey)
		case "cosigned":
			err = checkCosigned(c.Checkpoint, logKey, witness)
		case "entry":
			err = checkEntry(c.TlogProof, c.Entry, logKey)
		case "continuation":
			err = checkContinuation(c.Earlier, c.Checkpoint, c.Proof, logKey)
		default:
			log.Fatalf("unknown kind %q", c.Kind)
		}
		v := verdict{Accepted: err == nil}
		if err != nil {
			v.Reason = err.Error()
		}
		verdicts = append(verdicts, v)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatal(err)
	}
}

// openCheckpoint parses the body itself: tlog.ParseTree knows only the header of Go's own database.
func openCheckpoint(msg string, key note.Verifier) (tlog.Tree, error) {
	n, err := note.Open([]byte(msg), note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != key.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func checkCosigned(msg string, keys ...note.Verifier) error {
	n, err := note.Open([]byte(msg), note.VerifierList(keys...))
	if err != nil {
		return err
	}
	if len(n.Sigs) != len(keys) {
		return fmt.Errorf("%d signatures of known keys", len(n.Sigs))
	}
	return nil
}

func checkEntry(text string, entry []byte, key note.Verifier) error {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	hashes, err := parseHashes(lines[2:])
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(checkpoint, key)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(tlog.RecordProof(hashes), tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func checkContinuation(earlier, later string, proof []string, key note.Verifier) error {
	from, err := openCheckpoint(earlier, key)
	if err != nil {
		return err
	}
	to, err := openCheckpoint(later, key)
	if err != nil {
		return err
	}
	hashes, err := parseHashes(proof)
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(hashes), to.N, to.Hash, from.N, from.Hash)
}

func parseHashes(texts []string) ([]tlog.Hash, error) {
	hashes := []tlog.Hash{}
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// cosigner verifies C2SP cosignature/v1, which the note package leaves to others.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed witness key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a key of type 4")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	id := binary.BigEndian.Uint32(sum[:4])
	if fmt.Sprintf("%08x", id) != parts[1] {
		return nil, errors.New("the id is not the key's")
	}
	return &cosigner{parts[0], id, key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}
