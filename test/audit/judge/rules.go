package main

import "time"

type freeze struct {
	id        string
	operation any
	scope     object
	startsAt  time.Time
	endsAt    time.Time
	lifted    bool
	overrides map[string]bool
}

type calendarFile struct {
	at      time.Time
	freezes []*freeze
}

type token struct {
	issuedBy  person
	scopes    []string
	expiresAt time.Time
	revokedAt time.Time
}

const workersRestart = time.Hour

// isForgotten says whether a freeze holds nothing any more: it was lifted, or has ended an hour ago.
func (f *freeze) isForgotten(at time.Time) bool {
	return f.lifted || !f.endsAt.IsZero() && f.endsAt.Add(time.Hour).Before(at)
}

func readFreeze(o object, declared time.Time) *freeze {
	f := &freeze{id: textIn(o, "id"), operation: o["operation"], startsAt: momentIn(o, "startsAt"), endsAt: momentOr(o, "endsAt"), overrides: map[string]bool{}}
	if o["scope"] != nil {
		f.scope = objectIn(o, "scope")
	}
	if !declared.IsZero() && !f.startsAt.After(declared) {
		// It begins at once: whatever a clock says.
		f.startsAt = time.Time{}
	}
	return f
}

// fact takes what is of no change, and says whether the entry was such a one.
func (j *judge) fact(body object) bool {
	switch textIn(body, "type") {
	case "policy.pinned":
		j.pinned(objectIn(body, "pinnedPolicy"))
	case "policy.revoked":
		j.byAdmin(body)
		j.revoked[textIn(objectIn(body, "policy"), "digest")] = true
	case "freeze.declared":
		j.byAdmin(body)
		f := readFreeze(objectIn(body, "freeze"), momentIn(body, "time"))
		if known := j.freezes[f.id]; known != nil && !known.isForgotten(momentIn(body, "time")) {
			j.bad("freeze_out_of_order")
			return true
		}
		j.freezes[f.id] = f
	case "freeze.lifted":
		j.byAdmin(body)
		f := j.freezes[textIn(objectIn(body, "freeze"), "id")]
		if !hasWriter(body) {
			return true
		}
		if f == nil || f.lifted || !f.endsAt.IsZero() && momentIn(body, "time").After(f.endsAt.Add(clocksApart)) {
			j.bad("freeze_out_of_order")
			return true
		}
		f.lifted = true
	case "calendar.loaded":
		file := calendarFile{at: momentIn(body, "time")}
		for _, one := range objectsIn(body, "freezes") {
			file.freezes = append(file.freezes, readFreeze(one, time.Time{}))
		}
		j.calendars = append(j.calendars, file)
	case "token.issued":
		j.byAdmin(body)
		t := objectIn(body, "token")
		if momentIn(t, "expiresAt").After(momentIn(body, "time").Add(longest + clocksApart)) {
			j.bad("token_not_valid")
		}
		if !hasWriter(body) {
			return true
		}
		j.tokens[textIn(t, "id")] = &token{issuedBy: personIn(objectIn(body, "actor")), scopes: textsIn(t, "scopes"), expiresAt: momentIn(t, "expiresAt")}
	case "token.revoked":
		j.byAdmin(body)
		if t := j.tokens[textIn(objectIn(body, "token"), "id")]; t != nil && t.revokedAt.IsZero() {
			t.revokedAt = momentIn(body, "time")
		}
	default:
		return false
	}
	return true
}

func (j *judge) byAdmin(body object) {
	if !has(textsIn(objectIn(body, "actor"), "roles"), "admin") {
		j.bad("not_by_admin")
	}
}

func (j *judge) pinned(policy object) {
	digest := textIn(policy, "digest")
	said := with(policy, nil)
	delete(said, "digest")
	if digestOf(said) != digest {
		j.bad("policy_differs")
	}
	stages := objectsIn(policy, "stages")
	standard, isBool := policy["standard"].(bool)
	isSound := isBool && standard == (len(stages) == 0)
	for _, stage := range stages {
		seats := objectsIn(stage, "groups")
		isSound = isSound && len(seats) > 0
		for _, seat := range seats {
			isSound = isSound && numberIn(seat, "threshold") >= 1
		}
	}
	if !isSound {
		j.bad("policy_contradictory")
	}
	if j.policies[digest] != nil {
		j.bad("policy_pinned_twice")
	}
	j.policies[digest] = policy
}

// token judges that a machine asked with a token that it might ask with.
func (j *judge) token(c *change, at time.Time) {
	if c.requester.issuer != "countersign" {
		return
	}
	t := j.tokens[c.requester.subject]
	valid := t != nil && has(t.scopes, "changes:request") && at.Before(t.expiresAt.Add(clocksApart)) && c.issuedBy != nil && *c.issuedBy == t.issuedBy &&
		(t.revokedAt.IsZero() || at.Before(t.revokedAt.Add(clocksApart)))
	if !valid {
		j.bad("token_not_valid")
	}
}

func (f *freeze) holds(c *change, at time.Time) bool {
	if f.startsAt.After(at) || !f.endsAt.IsZero() && !at.Before(f.endsAt) {
		return false
	}
	if operation, named := f.operation.(string); named && !matches([]rune(operation), []rune(c.operation)) {
		return false
	}
	scope := objectIn(c.request, "scope")
	for name := range f.scope {
		value, isThere := scope[name].(string)
		if !isThere || !matches([]rune(textIn(f.scope, name)), []rune(value)) {
			return false
		}
	}
	return true
}

// isFrozen says whether a freeze held a call at the moment in which it left. What let it go may have come until its answer.
func (j *judge) isFrozen(c *change, a *attempt, sent time.Time) bool {
	for _, f := range a.freezes {
		if !f.lifted && !f.overrides[c.id+a.digest] && f.holds(c, sent) {
			return true
		}
	}
	for _, f := range fileFreezes(a.calendars, sent) {
		if f.holds(c, sent) && !j.fileOverrides(f.id)[c.id+a.digest] {
			return true
		}
	}
	return false
}

// fileFreezes are those of the calendar file that every worker had at a moment: within an hour of a new file, also the old one.
func fileFreezes(files []calendarFile, at time.Time) []*freeze {
	if len(files) == 0 {
		return nil
	}
	last := len(files) - 1
	common := files[last].freezes
	for n := last; n >= 0 && at.Before(files[n].at.Add(workersRestart)); n-- {
		var before []*freeze
		if n > 0 {
			before = files[n-1].freezes
		} else {
			break
		}
		var both []*freeze
		for _, f := range common {
			for _, g := range before {
				if f.id == g.id {
					both = append(both, f)
				}
			}
		}
		common = both
	}
	return common
}

func (j *judge) fileOverrides(id string) map[string]bool {
	key := "file " + id
	if j.freezes[key] == nil {
		j.freezes[key] = &freeze{id: key, lifted: true, overrides: map[string]bool{}}
	}
	return j.freezes[key].overrides
}

// overridden judges that somebody let a change run in a freeze whom its policy names for that.
func (j *judge) overridden(c *change, body object) {
	id := textIn(objectIn(body, "freeze"), "id")
	actor := objectIn(body, "actor")
	by := personIn(actor)
	d := &decision{by: by, directory: map[person][]string{by: textsIn(body, "directory")}, tokens: textsIn(actor, "groups")}
	group := objectOr(c.policy, "freezeOverride")
	may := group != nil && has(textsIn(actor, "roles"), "approver") && by != c.requester && (c.issuedBy == nil || by != *c.issuedBy) &&
		c.isIn(d, by, textIn(group, "group"))
	if !may {
		j.bad("override_not_allowed")
		return
	}
	if !hasWriter(body) {
		return
	}
	if f := j.freezes[id]; f != nil {
		f.overrides[c.id+textOr(body, "digest")] = true
	}
	j.fileOverrides(id)[c.id+textOr(body, "digest")] = true
}
