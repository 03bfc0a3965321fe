package main

import "time"

// toldOutcome judges that the outcome with which a change closes is what its attempts tell.
func (c *change) toldOutcome(body object, at time.Time, bad report) {
	outcome, executed := objectIn(body, "outcome"), textIn(body, "executionStatus")
	code, isText := outcome["code"].(string)
	fits := isText && code != "succeeded"
	if executed == "succeeded" || executed == "outcome_unknown" {
		fits = code == executed || code == "workflow_ended"
	}
	told, isBool := outcome["reconciled"].(bool)
	fits = fits && isBool && told == c.reconciled && equal(outcome["at"], body["time"])
	isOfCall := executed != "succeeded"
	for _, a := range c.attempts {
		fits = fits && !(a.ended && at.Before(a.endedAt.Add(-clocksApart)))
		isOfCall = isOfCall || a.outcome == "succeeded" && equal(a.requestID, outcome["requestId"])
	}
	if c.reconciled {
		isOfCall = outcome["requestId"] == nil
	}
	if !fits || !isOfCall {
		bad("closed_otherwise")
	}
}
