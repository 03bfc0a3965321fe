package main

// matches says whether a text has a pattern's form: * is any text, ? one character.
func matches(pattern, text []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	switch {
	case pattern[0] == '*':
		return matches(pattern[1:], text) || len(text) > 0 && matches(pattern, text[1:])
	case len(text) > 0 && (pattern[0] == '?' || pattern[0] == text[0]):
		return matches(pattern[1:], text[1:])
	}
	return false
}
