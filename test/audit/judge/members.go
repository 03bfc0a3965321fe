package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// malformed is thrown by readers of members and caught where an entry is judged.
type malformed struct{ message string }

func must(ok bool, format string, args ...any) {
	if !ok {
		panic(malformed{fmt.Sprintf(format, args...)})
	}
}

func objectIn(o object, name string) object {
	v, ok := o[name].(object)
	must(ok, "%s is no object", name)
	return v
}

// objectOr is null where the member is null or not there.
func objectOr(o object, name string) object {
	if o[name] == nil {
		return nil
	}
	return objectIn(o, name)
}

func listIn(o object, name string) []any {
	if o[name] == nil {
		return nil
	}
	v, ok := o[name].([]any)
	must(ok, "%s is no list", name)
	return v
}

func objectsIn(o object, name string) []object {
	var all []object
	for _, one := range listIn(o, name) {
		v, ok := one.(object)
		must(ok, "%s has something that is no object", name)
		all = append(all, v)
	}
	return all
}

func textsIn(o object, name string) []string {
	var all []string
	for _, one := range listIn(o, name) {
		v, ok := one.(string)
		must(ok, "%s has something that is no text", name)
		all = append(all, v)
	}
	return all
}

func textIn(o object, name string) string {
	v, ok := o[name].(string)
	must(ok, "%s is no text", name)
	return v
}

// textOr is "" where the member is null or not there.
func textOr(o object, name string) string {
	if o[name] == nil {
		return ""
	}
	return textIn(o, name)
}

func boolIn(o object, name string) bool {
	if o[name] == nil {
		return false
	}
	v, ok := o[name].(bool)
	must(ok, "%s is no boolean", name)
	return v
}

func numberIn(o object, name string) int64 {
	v, ok := o[name].(json.Number)
	must(ok, "%s is no number", name)
	n, err := v.Int64()
	must(err == nil, "%s is no whole number", name)
	return n
}

var momentForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// readMoment reads YYYY-MM-DDTHH:MM:SS.sssZ.
func readMoment(text string) (time.Time, bool) {
	at, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	return at, err == nil && momentForm.MatchString(text)
}

func momentIn(o object, name string) time.Time {
	at, ok := readMoment(textIn(o, name))
	must(ok, "%s is no time", name)
	return at
}

// momentOr is the zero time where the member is null or not there.
func momentOr(o object, name string) time.Time {
	if o[name] == nil {
		return time.Time{}
	}
	return momentIn(o, name)
}

// equal says whether two values are the same JSON.
func equal(a, b any) bool { return mustCanonical(a) == mustCanonical(b) }

// person is an issuer and a subject together; names are shown and never compared.
type person struct{ issuer, subject string }

func personIn(o object) person { return person{textIn(o, "issuer"), textIn(o, "subject")} }

func has(list []string, wanted string) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}
