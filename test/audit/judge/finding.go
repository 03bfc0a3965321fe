package main

// finding is an entry that is not as it should be.
type finding struct {
	Index int    `json:"index"`
	Code  string `json:"code"`
}

// report takes the code of what is wrong with the entry that is looked at.
type report func(code string)
