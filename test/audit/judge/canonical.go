package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
)

// object is a JSON object of an entry.
type object = map[string]any

// readCanonical reads JSON that has to be in canonical form (RFC 8785), with whole numbers alone.
func readCanonical(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	text, err := canonical(value)
	if err != nil {
		return nil, err
	}
	// Members out of order, twice, blanks, other escapes: all of them are other bytes.
	if text != string(raw) {
		return nil, fmt.Errorf("not in canonical form")
	}
	return value, nil
}

// canonical is the one text of a value by RFC 8785.
func canonical(value any) (string, error) {
	var out strings.Builder
	err := write(&out, value)
	return out.String(), err
}

func mustCanonical(value any) string {
	text, err := canonical(value)
	if err != nil {
		panic(err)
	}
	return text
}

func write(out *strings.Builder, value any) error {
	switch v := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		out.WriteString(strconv.FormatBool(v))
	case string:
		return writeString(out, v)
	case int:
		out.WriteString(strconv.Itoa(v))
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n > 1<<53-1 || n < -(1<<53-1) {
			return fmt.Errorf("%s is no safe whole number", v)
		}
		out.WriteString(strconv.FormatInt(n, 10))
	case []any:
		out.WriteByte('[')
		for i, one := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := write(out, one); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case object:
		out.WriteByte('{')
		for i, name := range sortedNames(v) {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeString(out, name); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := write(out, v[name]); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	default:
		return fmt.Errorf("a %T", value)
	}
	return nil
}

// sortedNames orders members by their UTF-16 code units.
func sortedNames(o object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := utf16.Encode([]rune(names[i])), utf16.Encode([]rune(names[j]))
		for k := 0; k < len(a) && k < len(b); k++ {
			if a[k] != b[k] {
				return a[k] < b[k]
			}
		}
		return len(a) < len(b)
	})
	return names
}

func writeString(out *strings.Builder, text string) error {
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == 0:
			return fmt.Errorf("U+0000 in a text")
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\b':
			out.WriteString(`\b`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\f':
			out.WriteString(`\f`)
		case r == '\r':
			out.WriteString(`\r`)
		case r < 0x20:
			fmt.Fprintf(out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return nil
}
