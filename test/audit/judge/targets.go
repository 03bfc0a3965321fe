package main

import (
	"fmt"
	"strings"
)

// bundled says how the operations of the service make a target of an input (docs/entries.md, Targets).
type bundled struct {
	names   []string
	digest  string
	members []string
	id      func(in func(string) string) []string
	label   string
}

var bundledOperations = []bundled{
	{
		names:   []string{"ActiveCaCertificate", "InactivateCaCertificate"},
		digest:  "6c7a990270333b579dff88993e4e97825f6c13ef01af11d23e07b5118a4a4335",
		members: []string{"regionId", "mqttInstanceId", "sn"},
		id:      func(in func(string) string) []string { return []string{in("regionId"), in("mqttInstanceId"), in("sn")} },
		label:   "CA certificate {sn} of {mqttInstanceId} ({regionId})",
	},
	{
		names:   []string{"ActiveDeviceCertificate", "InactivateDeviceCertificate"},
		digest:  "6c094036537d0189ea9b8805cc705c495fbae11edf512cb781129af271846493",
		members: []string{"regionId", "mqttInstanceId", "caSn", "deviceSn"},
		id: func(in func(string) string) []string {
			return []string{in("regionId"), in("mqttInstanceId"), in("caSn"), "device", in("deviceSn")}
		},
		label: "device certificate {deviceSn} under CA certificate {caSn} of {mqttInstanceId} ({regionId})",
	},
}

// bundledFor is the bundled operation that a request pins, or nil.
func bundledFor(body object) *bundled {
	for i, one := range bundledOperations {
		isPinned := equal(body["operationVersion"], "1") && equal(body["inputSchemaDigest"], one.digest)
		if isPinned && has(one.names, textOr(body, "operation")) {
			return &bundledOperations[i]
		}
	}
	return nil
}

// target judges that a change's target is what its operation makes of its input, where the operation is a bundled one.
func (j *judge) target(body object) {
	one := bundledFor(body)
	if one == nil {
		return
	}
	asked := object{"id": body["target"], "scope": body["scope"], "label": body["label"]}
	if made := one.of(body["input"]); made == nil || !equal(asked, made) {
		j.bad("target_differs")
	}
}

// of is null where the input has other members than the operation's, or one that is no text.
func (b bundled) of(value any) object {
	input, isObject := value.(object)
	if !isObject || len(input) != len(b.members) {
		return nil
	}
	scope, named := object{}, []string{}
	for _, name := range b.members {
		text, isText := input[name].(string)
		if !isText {
			return nil
		}
		scope[name] = text
		named = append(named, "{"+name+"}", text)
	}
	parts := b.id(func(name string) string { return scope[name].(string) })
	for i, part := range parts {
		parts[i] = escaped(part)
	}
	return object{"id": strings.Join(parts, "/"), "scope": scope, "label": strings.NewReplacer(named...).Replace(b.label)}
}

// escaped is a text as one segment of a path: RFC 3986's unreserved characters and !*'() as they are, other bytes as %XX.
func escaped(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		isPlain := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		if isPlain || strings.IndexByte("-_.!~*'()", b) >= 0 {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}
