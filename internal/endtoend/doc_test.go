// Package endtoend drives the real binary from outside: it is started, asked, filled, stopped and killed as people and
// machines do it, and what it answered is held against what it keeps. The suite stands behind the tag "integration".
package endtoend_test
