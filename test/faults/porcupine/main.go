// Porcupine over the operations on each lot: `porcupine FILE` reads JSON lines and prints one JSON object.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const perLot = 20 * time.Second

type verdict struct {
	Lots       int      `json:"lots"`
	Operations int      `json:"operations"`
	Illegal    []string `json:"illegal"`
	Undecided  []string `json:"undecided"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: porcupine FILE"))
	}
	byLot, count, err := read(os.Args[1])
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(check(byLot, count)); err != nil {
		fail(err)
	}
}

func check(byLot map[string][]Operation, count int) verdict {
	found := verdict{Lots: len(byLot), Operations: count, Illegal: []string{}, Undecided: []string{}}
	for lot, operations := range byLot {
		switch porcupine.CheckOperationsTimeout(model, history(operations), perLot) {
		case porcupine.Illegal:
			found.Illegal = append(found.Illegal, lot)
		case porcupine.Unknown:
			found.Undecided = append(found.Undecided, lot)
		}
	}
	sort.Strings(found.Illegal)
	sort.Strings(found.Undecided)
	return found
}

func read(path string) (map[string][]Operation, int, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	byLot, count := map[string][]Operation{}, 0
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var op Operation
		if err := json.Unmarshal(lines.Bytes(), &op); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", count+1, err)
		}
		byLot[op.Lot] = append(byLot[op.Lot], op)
		count++
	}
	return byLot, count, lines.Err()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
