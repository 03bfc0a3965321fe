package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

const mostBytes = 32 * 1024

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// knownTypes are the types of entries.
var knownTypes = strings.Fields(`
change.requested change.prechecked change.refused change.expired decision.approved decision.rejected decision.withdrawn
change.reminded change.escalated change.scheduled decision.lapsed change.held change.paused change.resumed change.retried
change.withdrawn change.abandoned change.drifted attempt.started attempt.succeeded attempt.failed attempt.unknown
change.reconciled change.closed review.signed
decision.refused request.refused stop.requested stop.lifted freeze.declared freeze.lifted freeze.overridden
policy.pinned policy.revoked token.issued token.revoked subscription.created subscription.deleted subscription.changed
audit.read audit.exported log.started log.resumed key.rotated ticket.checked ticket.linked ticket.diverged
integrity.mismatch integrity.conflict integrity.differs calendar.loaded directory.loaded operations.loaded policies.loaded`)

// readEntry reads the bytes of an entry.
func readEntry(raw []byte) (object, error) {
	if len(raw) > mostBytes {
		return nil, fmt.Errorf("longer than an entry may be")
	}
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("not UTF-8")
	}
	value, err := readCanonical(raw)
	if err != nil {
		return nil, err
	}
	body, ok := value.(object)
	if !ok {
		return nil, fmt.Errorf("no object")
	}
	return body, checkEnvelope(body)
}

func checkEnvelope(body object) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	must(numberIn(body, "v") == 1, "another version")
	must(has(knownTypes, textIn(body, "type")), "an unknown type")
	momentIn(body, "time")
	id := textOr(body, "changeId")
	must(body["changeId"] == nil || uuidForm.MatchString(id), "changeId is no UUID")
	actor := objectIn(body, "actor")
	if actor["process"] == nil {
		personIn(actor)
	}
	textOr(body, "operation")
	textOr(body, "target")
	return nil
}
