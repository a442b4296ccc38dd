package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/plan"
)

// reasons are what Athena says of a question that ended without an answer, by a part of its text. Names in capitals are
// Trino's error codes; the others are sentences of Athena's documentation of workgroup limits and of error categories.
var reasons = []struct {
	part string
	kind fault.Kind
	say  string
}{
	{"Bytes scanned limit was exceeded", fault.Exceeded, "the question reads more than its workgroup allows: ask for a shorter range or fewer columns"},
	{"EXCEEDED_SCAN_LIMIT", fault.Exceeded, "the question reads more than its workgroup allows: ask for a shorter range or fewer columns"},
	{"EXCEEDED_TIME_LIMIT", fault.Exceeded, "the question took longer than it may: ask for a shorter range or a coarser grain"},
	{"Query timeout", fault.Exceeded, "the question took longer than it may: ask for a shorter range or a coarser grain"},
	{"exhausted resources", fault.Exceeded, "the question needs more memory than it may use: ask for fewer rows or groups"},
	{"EXCEEDED_MEMORY_LIMIT", fault.Exceeded, "the question needs more memory than it may use: ask for fewer rows or groups"},
	{"EXCEEDED_LOCAL_MEMORY_LIMIT", fault.Exceeded, "the question needs more memory than it may use: ask for fewer rows or groups"},
	{"snapshot ID does not exist", fault.Transient, "the snapshot of the question has expired: ask again"},
	{"INVALID_ARGUMENTS: Iceberg snapshot", fault.Transient, "the snapshot of the question has expired: ask again"},
	{"ICEBERG_CANNOT_OPEN_SPLIT", fault.Transient, "a file of the lake could not be read: ask again; if it stays so, `tarn verify` names the file and `tarn repair` mends the lake"},
	{"ICEBERG_MISSING_METADATA", fault.Transient, "the metadata of the lake could not be read: ask again"},
	{"PERMISSION_DENIED", fault.Internal, "Athena may not read the lake: give the role of the query function the rights that docs/deploy.md names"},
	{"Insufficient permissions", fault.Internal, "Athena may not read the lake: give the role of the query function the rights that docs/deploy.md names"},
}

// userFault begins the codes of errors that lie in the text of the question.
var userFault = []string{"SYNTAX_ERROR", "COLUMN_NOT_FOUND", "TYPE_MISMATCH", "FUNCTION_NOT_FOUND", "INVALID_FUNCTION_ARGUMENT", "INVALID_CAST_ARGUMENT", "DIVISION_BY_ZERO",
	"NUMERIC_VALUE_OUT_OF_RANGE", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "MISSING_SCHEMA_NAME", "AMBIGUOUS_NAME", "SUBQUERY_MULTIPLE_ROWS", "NOT_SUPPORTED",
	"EXPRESSION_NOT_AGGREGATE", "MISMATCHED_COLUMN_ALIASES", "INVALID_LITERAL", "mismatched input", "GENERIC_USER_ERROR"}

// failed turns the end of a question into a fault.
func failed(ctx context.Context, id string, s *types.QueryExecutionStatus) error {
	if ctx.Err() != nil {
		return ended(ctx, ctx.Err())
	}
	said := aws.ToString(s.StateChangeReason)
	if s.AthenaError != nil && aws.ToString(s.AthenaError.ErrorMessage) != "" {
		said = *s.AthenaError.ErrorMessage
	}
	for _, r := range reasons {
		if strings.Contains(said, r.part) {
			return fault.New(r.kind, "%s (Athena's question %s: %s)", r.say, id, said)
		}
	}
	for _, code := range userFault {
		if strings.Contains(said, code) {
			return fault.New(fault.Invalid, "%s", readable(said))
		}
	}
	const system, user = 1, 2 // categories of Athena's errors
	if e := s.AthenaError; e != nil {
		switch category := aws.ToInt32(e.ErrorCategory); {
		case category == user:
			return fault.New(fault.Invalid, "%s", readable(said))
		case e.Retryable || category == system:
			return fault.New(fault.Transient, "Athena failed with its question %s: %s", id, said)
		}
	}
	if s.State == types.QueryExecutionStateCancelled {
		return fault.New(fault.Transient, "somebody stopped Athena's question %s: %s", id, said)
	}
	return fault.New(fault.Internal, "Athena failed with its question %s: %s", id, said)
}

// readable leaves our own names for the rows below every predicate out of a message.
func readable(said string) string { return strings.ReplaceAll(said, plan.PhysicalName(""), "") }
