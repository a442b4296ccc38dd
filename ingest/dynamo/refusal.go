package dynamo

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// refusal gives what DynamoDB answered its kind and says what to do. Nil stays nil.
func refusal(err error, doing, table string) error {
	var cancelled *types.TransactionCanceledException
	var inProgress *types.TransactionInProgressException
	var conflict *types.TransactionConflictException
	var gone *types.ResourceNotFoundException
	var full *types.ItemCollectionSizeLimitExceededException
	switch {
	case err == nil:
		return nil
	case errors.As(err, &cancelled):
		return cancellation(cancelled, err, doing, table)
	case errors.As(err, &inProgress), errors.As(err, &conflict):
		return busy(err, table)
	case errors.As(err, &gone):
		return fault.Wrap(fault.NotFound, err, "%s: the table %s, or an index of it, is not there: create it, or check the region, the account and the endpoint", doing, table)
	case errors.As(err, &full):
		return fault.Wrap(fault.Exceeded, err, "%s: the items of one partition of %s are larger than an index may hold (10 GB)", doing, table)
	case cloud.Code(err) == "ValidationException":
		return invalid(err, words(err), doing, table)
	}
	return cloud.Kind(err, doing+" "+table)
}

// words are those of DynamoDB itself.
func words(err error) string {
	if e := (smithy.APIError)(nil); errors.As(err, &e) {
		return e.ErrorMessage()
	}
	return err.Error()
}

// cancellation finds the reason that matters among those of a transaction: a condition before a bad item, a bad item
// before what trying again mends.
func cancellation(c *types.TransactionCanceledException, err error, doing, table string) error {
	kinds := map[string]int{}
	for i := len(c.CancellationReasons) - 1; i >= 0; i-- {
		kinds[aws.ToString(c.CancellationReasons[i].Code)] = i + 1 // the first of a kind wins
	}
	if i := kinds["ConditionalCheckFailed"]; i > 0 {
		found, bad := item(c.CancellationReasons[i-1].Item)
		if bad != nil {
			return bad
		}
		if len(found) == 0 {
			found = nil
		}
		return &fault.Error{Kind: fault.Conflict, Message: "a condition did not hold", Cause: &ingest.ConditionError{Action: i - 1, Item: found}}
	}
	for _, code := range []string{"ValidationError", "ItemCollectionSizeLimitExceeded"} {
		if i := kinds[code]; i > 0 {
			return invalid(err, aws.ToString(c.CancellationReasons[i-1].Message), doing, table)
		}
	}
	for _, code := range []string{"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"} {
		if kinds[code] > 0 {
			return busy(err, table)
		}
	}
	return fault.Wrap(fault.Internal, err, "%s %s", doing, table)
}

// invalid tells an item that grew too large from other mistakes: DynamoDB has one code for all.
func invalid(err error, text, doing, table string) error {
	if strings.Contains(text, "tem size") && strings.Contains(text, "exceeded") || strings.Contains(text, "tem collection") || strings.Contains(text, "ransaction size") {
		return fault.Wrap(fault.Exceeded, err, "%s %s: the item or the transaction is larger than DynamoDB takes (400 KB and 4 MB)", doing, table)
	}
	return fault.Wrap(fault.Invalid, err, "%s %s: DynamoDB refuses it: %s", doing, table, text)
}

// errBusy marks what passes by itself within moments.
var errBusy = errors.New("busy")

func busy(err error, table string) error {
	return fault.Wrap(fault.Transient, errors.Join(errBusy, err), "items of %s are being written by others: try again", table)
}

func met(err error) bool { return errors.Is(err, errBusy) }
