// Package fault names the kinds of error that callers branch on, and says how each is answered over HTTP and whether
// trying again can help.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind is why something was not done.
type Kind uint8

// The kinds. The zero Kind is an error of ours that nobody foresaw.
const (
	Internal     Kind = iota // a bug or an unforeseen failure
	Invalid                  // the input is wrong and will stay wrong
	NotFound                 // no such thing
	Conflict                 // the thing is not in the state the caller expected
	Denied                   // the caller may not do this
	Unauthorized             // nobody knows who the caller is
	Exceeded                 // a named limit was passed
	Transient                // trying again later may work
	Full                     // the disk has no room left
	ReadOnly                 // the data folder or the bucket cannot be used as it is
)

var names = [...]string{"internal", "invalid", "not-found", "conflict", "denied", "unauthorized", "exceeded", "transient", "full", "read-only"}

// String returns the kind's stable, lower-case name, as it stands in problem documents and logs.
func (k Kind) String() string { return names[k] }

// Status returns the HTTP status that answers the kind.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return http.StatusBadRequest
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case Denied:
		return http.StatusForbidden
	case Unauthorized:
		return http.StatusUnauthorized
	case Exceeded:
		return http.StatusRequestEntityTooLarge
	case Transient, ReadOnly:
		return http.StatusServiceUnavailable
	case Full:
		return http.StatusInsufficientStorage
	default:
		return http.StatusInternalServerError
	}
}

// Retryable reports whether the same request may succeed later without being changed.
func (k Kind) Retryable() bool { return k == Transient || k == Full }

// Field is one fault of one named input: a field of a record, a column of a row, a line of a file.
type Field struct {
	Name    string `json:"field"`          // path of the field, such as "address.state"
	Message string `json:"message"`        // what is wrong, the limit, and what to do
	Line    int    `json:"line,omitempty"` // 1-based line in a file, 0 where there is none
	Column  int    `json:"column,omitempty"`
}

// Error is an error with a kind. The user reads Message; the operator reads the whole chain.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Field // every bad field, not only the first; may be empty
	Cause   error   // may be nil
}

// Error returns the message and, after a colon, the cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the kind with a message for the user.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of the kind that keeps its cause. The message is for the user.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// WithFields returns an Invalid error that names every bad field.
func WithFields(message string, fields []Field) *Error {
	return &Error{Kind: Invalid, Message: message, Fields: fields}
}

// Of returns the kind of the first Error in the chain, or Internal.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && Of(err) == kind }

// Named returns the kind whose String is name, or Internal.
func Named(name string) Kind {
	for k, n := range names {
		if n == name {
			return Kind(k)
		}
	}
	return Internal
}
