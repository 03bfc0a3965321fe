// Command follow reads a forwarded log with nothing of ours: the client of Tessera, by which others read their logs in tiles.
// It reads a JSON request from standard input, follows the log from an earlier checkpoint, and verifies every entry.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

type request struct {
	URL     string `json:"url"`     // of a plain file server
	Log     string `json:"log"`     // the log's public key
	Earlier string `json:"earlier"` // the checkpoint that the follower has
}

type answer struct {
	Size    uint64 `json:"size"`
	Entries uint64 `json:"entries"` // proved to be in the tree
	Digest  string `json:"digest"`  // SHA-256 over all of their bytes, one after another
	Error   string `json:"error"`
}

func main() {
	var ans answer
	if err := follow(context.Background(), &ans); err != nil {
		ans.Error = err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(ans)
}

func follow(ctx context.Context, ans *answer) error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var req request
	if err := json.Unmarshal(input, &req); err != nil {
		return err
	}
	key, err := note.NewVerifier(req.Log)
	if err != nil {
		return err
	}
	root, err := url.Parse(req.URL)
	if err != nil {
		return err
	}
	place, err := client.NewHTTPFetcher(root, http.DefaultClient)
	if err != nil {
		return err
	}
	newest := client.UnilateralConsensus(place.ReadCheckpoint)
	tracker, err := client.NewLogStateTracker(ctx, place.ReadTile, []byte(req.Earlier), key, key.Name(), newest)
	if err != nil {
		return err
	}
	// Fetches the newest checkpoint and verifies that it continues the earlier one.
	if _, _, _, err := tracker.Update(ctx); err != nil {
		return err
	}
	checkpoint := tracker.Latest()
	ans.Size = checkpoint.Size
	proofs, err := client.NewProofBuilder(ctx, checkpoint.Size, place.ReadTile)
	if err != nil {
		return err
	}
	digest := sha256.New()
	for bundle := uint64(0); bundle*256 < checkpoint.Size; bundle++ {
		entries, err := client.GetEntryBundle(ctx, place.ReadEntryBundle, bundle, checkpoint.Size)
		if err != nil {
			return err
		}
		for n, entry := range entries.Entries {
			index := bundle*256 + uint64(n)
			path, err := proofs.InclusionProof(ctx, index)
			if err != nil {
				return err
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(entry)
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, checkpoint.Size, leaf, path, checkpoint.Hash); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			digest.Write(entry)
			ans.Entries++
		}
	}
	ans.Digest = hex.EncodeToString(digest.Sum(nil))
	return nil
}
