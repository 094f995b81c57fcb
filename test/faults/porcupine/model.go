package main

import (
	"math"

	"github.com/anishathalye/porcupine"
)

// Operation is one line of the history: what somebody asked of a lot, or what the system did of itself.
type Operation struct {
	Lot      string  `json:"lot"`
	Kind     string  `json:"kind"`
	Attempt  int     `json:"attempt"`
	Fallback bool    `json:"fallback"`
	Outcome  string  `json:"outcome"`
	Problem  string  `json:"problem"`
	Phase    string  `json:"phase"`
	Call     float64 `json:"call"`
	Return   float64 `json:"return"`
}

// state of one lot: the latest offer, whether its handover needs no claim, and what became of it.
type state struct {
	attempt  int
	fallback bool
	phase    string
}

const (
	waiting   = "waiting"
	open      = "open"
	claimed   = "claimed"
	collected = "collected"
	expired   = "expired"
	cancelled = "cancelled"
)

func ended(phase string) bool { return phase == collected || phase == expired || phase == cancelled }

// apply does the operation if the state lets it.
func apply(s state, op Operation) (bool, state) {
	to := func(phase string) (bool, state) { return true, state{s.attempt, s.fallback, phase} }
	current := op.Attempt == s.attempt
	switch {
	case op.Kind == "offer" && s.phase == waiting && op.Attempt == s.attempt+1:
		return true, state{op.Attempt, op.Fallback, open}
	case op.Kind == "lapse" && s.phase == open && current:
		return to(waiting)
	case op.Kind == "uncollected" && s.phase == claimed && current:
		return to(waiting)
	case op.Kind == "expire" && !ended(s.phase):
		return to(expired)
	case op.Kind == "taken-along" && !ended(s.phase):
		return to(cancelled)
	case op.Kind == "accept" && s.phase == open && current:
		return to(claimed)
	case op.Kind == "decline" && s.phase == open && current:
		return to(waiting)
	case op.Kind == "release" && s.phase == claimed && current:
		return to(waiting)
	case op.Kind == "handover" && current && (s.phase == claimed || s.phase == open && s.fallback):
		return to(collected)
	case op.Kind == "cancel" && !ended(s.phase):
		return to(cancelled)
	}
	return false, s
}

// step says whether the operation, with the answer it got, may happen in this state.
// An unknown one may have happened or not: where it can't, it has not; its interval is open to the end, where both are legal.
func step(s state, op Operation) (bool, state) {
	switch op.Outcome {
	case "unknown":
		if done, next := apply(s, op); done {
			return true, next
		}
		return true, s
	case "fail":
		return refusedRightly(s, op), s
	}
	if op.Kind == "read" {
		return s.phase == op.Phase && s.attempt == op.Attempt, s
	}
	if done, next := apply(s, op); done {
		return true, next
	}
	// A post whose splits are still open can be cancelled when the lot itself has ended; and a repeat is answered as the first.
	return op.Kind == "cancel" && ended(s.phase), s
}

func refusedRightly(s state, op Operation) bool {
	live := op.Attempt == s.attempt && (s.phase == open || s.phase == claimed)
	switch op.Problem {
	case "already-claimed":
		return op.Attempt == s.attempt && s.phase == claimed
	case "offer-lapsed":
		return !live
	case "offer-closed":
		if op.Kind == "cancel" {
			return ended(s.phase)
		}
		possible, _ := apply(s, op)
		return !possible
	case "wrong-code", "code-locked", "quantity":
		return live
	case "not-found":
		return op.Kind != "cancel" && op.Attempt > s.attempt
	}
	// too many splits at once, a key used before, a token that is too old: nothing is said about the lot
	return true
}

var model = porcupine.Model{
	Init: func() interface{} { return state{0, false, waiting} },
	Step: func(s, input, _ interface{}) (bool, interface{}) {
		return step(s.(state), input.(Operation))
	},
}

// history in whole microseconds; an operation without an answer returns at the end of time.
func history(operations []Operation) []porcupine.Operation {
	events := make([]porcupine.Operation, 0, len(operations))
	for client, op := range operations {
		until := int64(math.MaxInt64)
		if op.Return >= 0 {
			until = int64(op.Return * 1000)
		}
		events = append(events, porcupine.Operation{ClientId: client, Input: op, Call: int64(op.Call * 1000), Return: until})
	}
	return events
}
