// Command judge says whether an audit log could have come about, by what the documentation says, with nothing of the service's.
//
//	judge <unpacked pack> <trusted keys>    judges one pack of the whole log
//	judge < cases                           judges logs, one JSON object a line, and answers each with a line
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// testCase is a log: its entries one a line, its checkpoint, and the keys that are trusted.
type testCase struct {
	Entries    string `json:"entries"`
	Checkpoint string `json:"checkpoint"`
	Keys       string `json:"keys"`
}

// verdict names the first entry that is not as it should be, and why. Without one of these the log as a whole is bad.
type verdict struct {
	Valid    bool      `json:"valid"`
	Index    *int      `json:"index"`
	Code     string    `json:"code,omitempty"`
	Findings []finding `json:"findings,omitempty"`
}

func judgeLog(one testCase) verdict {
	keys, err := readKeys(one.Keys)
	if err != nil {
		return verdict{Code: err.Error()}
	}
	head, err := openCheckpoint(one.Checkpoint, keys)
	if err != nil {
		return verdict{Code: "checkpoint"}
	}
	var entries [][]byte
	if one.Entries != "" {
		entries = bytes.Split(bytes.TrimSuffix([]byte(one.Entries), []byte("\n")), []byte("\n"))
	}
	root := rootOf(entries)
	if len(entries) != head.size || !bytes.Equal(root[:], head.root) {
		return verdict{Code: "other_tree"}
	}
	j := newJudge(keys)
	for index, raw := range entries {
		j.entry(index, raw, head.seen)
	}
	if len(j.findings) == 0 {
		return verdict{Valid: true}
	}
	first := j.findings[0]
	for _, f := range j.findings {
		if f.Index < first.Index {
			first = f
		}
	}
	return verdict{Index: &first.Index, Code: first.Code, Findings: j.findings}
}

func main() {
	if len(os.Args) == 3 {
		var parts []string
		for _, path := range []string{filepath.Join(os.Args[1], "entries.jsonl"), filepath.Join(os.Args[1], "checkpoint"), os.Args[2]} {
			data, err := os.ReadFile(path)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(3)
			}
			parts = append(parts, string(data))
		}
		said := judgeLog(testCase{parts[0], parts[1], parts[2]})
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
		if !said.Valid {
			os.Exit(1)
		}
		return
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := json.NewDecoder(in)
	for decoder.More() {
		var one testCase
		if err := decoder.Decode(&one); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		line, _ := json.Marshal(judgeLog(one))
		out.Write(append(line, '\n'))
	}
}
