// SPDX-License-Identifier: Apache-2.0

// Package tap writes test results in the Test Anything Protocol, version 13. It has just what the
// OCI validation programs call; they are compiled against it where the package that they name is
// not available.
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// T is one stream of results. A T made by Todo shares its parent's numbering.
type T struct {
	// Writer takes the output; standard output when nil.
	Writer io.Writer

	count *int
	todo  bool
}

// New returns a stream that begins with point 1.
func New() *T {
	return &T{count: new(int)}
}

func (t *T) printf(format string, args ...interface{}) {
	var to io.Writer = os.Stdout
	if t.Writer != nil {
		to = t.Writer
	}
	fmt.Fprintf(to, format, args...)
}

// Header begins the stream; a plan of 0 points is left out (see AutoPlan).
func (t *T) Header(points int) {
	t.printf("TAP version 13\n")
	if points > 0 {
		t.printf("1..%d\n", points)
	}
}

// AutoPlan ends the stream with the number of points there were.
func (t *T) AutoPlan() {
	t.printf("1..%d\n", *t.count)
}

// Ok writes one point.
func (t *T) Ok(passed bool, description string) {
	word, suffix := "ok", ""
	if !passed {
		word = "not ok"
	}
	if t.todo {
		suffix = " # TODO"
	}
	*t.count++
	t.printf("%s %d - %s%s\n", word, *t.count, strings.ReplaceAll(description, "\n", " "), suffix)
}

// Pass writes a point that holds.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail writes a point that does not hold.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip writes count points that were not tried.
func (t *T) Skip(count int, description string) {
	for i := 0; i < count; i++ {
		*t.count++
		t.printf("ok %d # SKIP %s\n", *t.count, description)
	}
}

// Todo returns a stream whose points are expected not to hold yet.
func (t *T) Todo() *T {
	return &T{Writer: t.Writer, count: t.count, todo: true}
}

// Diagnostic writes a comment.
func (t *T) Diagnostic(message string) {
	for _, line := range strings.Split(strings.TrimRight(message, "\n"), "\n") {
		t.printf("# %s\n", line)
	}
}

// Diagnosticf writes a formatted comment.
func (t *T) Diagnosticf(format string, args ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, args...))
}

// YAML writes a value as the block that belongs to the last point. JSON is a subset of YAML, and
// keeps to one line what a program under test has said, so that no line of it looks like a point.
func (t *T) YAML(value interface{}) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	t.printf("  ---\n  %s\n  ...\n", text)
	return nil
}
