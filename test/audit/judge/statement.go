package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// signedTypes are those that the API signs as a whole, and whether nothing follows from them.
var signedTypes = map[string]bool{
	"freeze.declared": false, "freeze.lifted": false, "freeze.overridden": false, "token.issued": false, "token.revoked": false,
	"policy.revoked": false, "subscription.created": false, "subscription.changed": false, "subscription.deleted": false,
	"decision.refused": true, "request.refused": true, "integrity.differs": true, "audit.read": true, "audit.exported": true,
}

// writer judges that a key of the API has written an entry: Ed25519 over its canonical JSON without the member writer.
func (j *judge) writer(body object) {
	isRecord, isSigned := signedTypes[textIn(body, "type")]
	if !isSigned {
		return
	}
	if !hasWriter(body) {
		if !isRecord {
			j.bad("writer_missing")
		}
		return
	}
	writer, _ := body["writer"].(object)
	id, _ := writer["keyId"].(string)
	text, _ := writer["signature"].(string)
	signature, err := base64.StdEncoding.DecodeString(text)
	rest := with(body, nil)
	delete(rest, "writer")
	key, isKnown := j.keys.api[id]
	if err != nil || !isKnown || !ed25519.Verify(key, []byte(mustCanonical(rest)), signature) {
		j.bad("writer")
	}
}

// hasWriter says whether an entry names the key that wrote it. Without it, it opens no way to a call.
func hasWriter(body object) bool {
	_, isNamed := body["writer"]
	return isNamed
}

const clocksApart = 5 * time.Minute

func digestOf(value any) string {
	sum := sha256.Sum256([]byte(mustCanonical(value)))
	return hex.EncodeToString(sum[:])
}

// isSigned says whether a key of the API has signed the statement of an entry: Ed25519 over its canonical JSON.
func (k trustedKeys) isSigned(body object) bool {
	signature := objectOr(body, "signature")
	if signature == nil {
		return false
	}
	value, err := base64.StdEncoding.DecodeString(textIn(signature, "value"))
	key, ok := k.api[textIn(signature, "keyId")]
	return err == nil && ok && ed25519.Verify(key, []byte(mustCanonical(body["statement"])), value)
}

// acts are what a person says for an entry of a type; several where there are several ways to come to it.
var acts = map[string][]string{
	"change.requested":   {"submission submit"},
	"decision.approved":  {"decision approve"},
	"decision.rejected":  {"decision reject"},
	"decision.withdrawn": {"decision_withdrawal withdraw"},
	"change.withdrawn":   {"withdrawal withdraw"},
	"change.paused":      {"execution pause"},
	"change.resumed":     {"execution resume"},
	"change.retried":     {"execution retry"},
	"change.abandoned":   {"execution abandon"},
	"review.signed":      {"review sign"},
}

// wantedAct is what the statement of an entry has to say.
func wantedAct(body object) string {
	kind := textIn(body, "type")
	code := textOr(body, "code")
	if kind == "stop.requested" || kind == "stop.lifted" {
		switch word := textIn(objectIn(body, "stop"), "word"); word {
		case "withdraw":
			return "withdrawal withdraw"
		case "take_over":
			return "takeover take_over"
		default:
			return "execution " + word
		}
	}
	if kind == "change.refused" {
		return "revocation revoke"
	}
	if kind == "change.withdrawn" && code == "taken_over" {
		return "takeover take_over"
	}
	if kind == "change.abandoned" && code == "policy_revoked" {
		return "revocation revoke"
	}
	if (kind == "change.withdrawn" || kind == "change.abandoned") && code != "" {
		return "nothing of a person's"
	}
	if all := acts[kind]; all != nil {
		return all[0]
	}
	return ""
}

// sayer judges that the statement of an entry is signed, and says just what the entry tells. It is null where there is none.
func (j *judge) sayer(body object, bad report) object {
	statement := objectOr(body, "statement")
	if statement == nil {
		return nil
	}
	if !j.keys.isSigned(body) {
		bad("statement")
	}
	act := wantedAct(body)
	if act == "" {
		return statement
	}
	by, actor := objectIn(statement, "person"), objectIn(body, "actor")
	same := textIn(statement, "kind")+" "+textIn(statement, "action") == act &&
		equal(statement["changeId"], body["changeId"]) &&
		actor["process"] == nil && personIn(by) == personIn(actor) && equal(by["name"], actor["name"])
	// Nothing is told before it was said, and what the API writes down itself, at once.
	said, told := momentIn(statement, "at"), momentIn(body, "time")
	isAtOnce := textIn(body, "type") == "stop.requested" || textIn(body, "type") == "stop.lifted"
	same = same && !said.After(told.Add(clocksApart)) && !(isAtOnce && told.After(said.Add(clocksApart)))
	if textIn(body, "type") != "change.requested" && statement["digest"] != nil {
		same = same && equal(statement["digest"], body["digest"])
	}
	if !same {
		bad("statement_differs")
	}
	if c := j.changes[textOr(body, "changeId")]; c != nil {
		// A word stands behind one entry of a type: it is not brought again.
		key := textIn(body, "type") + mustCanonical(statement)
		if c.said[key] {
			bad("statement_repeated")
		}
		c.said[key] = true
	}
	return statement
}
