package main

import "strings"

// toldBy has the process that tells of what is neither the API's nor behind a person's word; the worker tells all others.
var toldBy = map[string]string{
	"log.started": "signer", "log.resumed": "signer", "key.rotated": "signer", "statement_key.rotated": "api",
	"ticket.linked": "deliverer", "ticket.diverged": "deliverer",
}

// speaker judges who may be behind an entry at all: people decide, steer and administer, with a token of their own.
func (j *judge) speaker(body object) {
	kind := textIn(body, "type")
	if statement := objectOr(body, "statement"); statement != nil {
		by, said := objectIn(statement, "person"), textIn(statement, "kind")
		isMachines := by["issuer"] == "countersign" && by["issuedBy"] != nil
		switch {
		case isNoPerson(by):
			if !(isMachines && has([]string{"submission", "withdrawal", "takeover", "review"}, said)) {
				j.bad("not_by_person")
			}
		case said != "decision" && said != "review" && channelOf(&decision{statement: statement}) != "":
			j.bad("not_by_person")
		}
		return
	}
	if isRecord, isSigned := signedTypes[kind]; isSigned {
		if !isRecord && isNoPerson(objectIn(body, "actor")) {
			j.bad("not_by_person")
		}
		return
	}
	actor := objectIn(body, "actor")
	// Whose word is missing is said elsewhere.
	isWord := wantedAct(body) != "" && kind != "change.refused" && !isEngineWord(body)
	if isWord || kind == "change.refused" && actor["process"] == nil {
		return
	}
	process := toldBy[kind]
	if process == "" {
		process = "worker"
	}
	if actor["process"] != process {
		j.bad("actor_differs")
	}
}

// isEngineWord says whether the worker may tell this without anybody's word.
func isEngineWord(body object) bool {
	kind, code := textIn(body, "type"), textOr(body, "code")
	isCancelled := code == "host_cancelled" || code == "workflow_cancelled"
	return isWorkers(body) && (isCancelled && (kind == "change.withdrawn" || kind == "change.abandoned") ||
		kind == "change.paused" && code == "stop_word_stands")
}

// isNoPerson says whether it is an API token, or an account of another system that nobody has.
func isNoPerson(by object) bool {
	issuer, _ := by["issuer"].(string)
	return issuer == "countersign" || by["issuedBy"] != nil || strings.HasPrefix(issuer, "via:")
}
