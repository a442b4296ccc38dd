package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tarn-lake/tarn/internal/fault"
)

// meaning is what an error code of AWS is to us, and what the user can do.
type meaning struct {
	codes []string
	kind  fault.Kind
	text  string
}

// meanings are the codes that any service may answer with.
var meanings = []meaning{
	{[]string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}, fault.Denied,
		"the session token has expired: sign in again, for instance with `aws sso login`, and start once more"},
	{[]string{"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException", "AuthFailure", "NotAuthorized", "OptInRequired"}, fault.Denied,
		"AWS does not accept these credentials: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN or the profile, and the region"},
	{[]string{"AccessDenied", "AccessDeniedException", "Forbidden", "KMSAccessDeniedException"}, fault.Denied,
		"these credentials may not do this: the role needs the permission that the cause names"},
	{[]string{"ThrottlingException", "Throttling", "ThrottledException", "ProvisionedThroughputExceededException", "LimitExceededException", "RequestLimitExceeded", "TooManyRequestsException",
		"BandwidthLimitExceeded", "SlowDown", "RequestThrottled", "RequestThrottledException", "ThrottlingError"}, fault.Transient,
		"AWS slows us down: it is tried again; if it stays, raise the table's or the account's limit"},
	{[]string{"InternalServerError", "InternalFailure", "InternalError", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException"}, fault.Transient,
		"AWS could not answer just now"},
	{[]string{"ValidationException", "SerializationException"}, fault.Invalid, "AWS refuses what was asked"},
	{[]string{"ResourceInUseException"}, fault.Conflict, "it is being changed by somebody else"},
}

// Code returns AWS's own code of the error; empty where it is none of AWS's.
func Code(err error) string {
	if e := (smithy.APIError)(nil); errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// Message returns AWS's own words; those of the error where it is none of AWS's.
func Message(err error) string {
	if e := (smithy.APIError)(nil); errors.As(err, &e) {
		return e.ErrorMessage()
	}
	return err.Error()
}

// Fault gives an error of an AWS client its kind, and a message that says what was tried and what the user can do. The
// end of a context stays what it is; nil stays nil.
func Fault(err error, doing string) error {
	if err == nil {
		return nil
	}
	if e := (*fault.Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if ended := ended(err); ended != nil {
		return fmt.Errorf("%s: %w", doing, ended)
	}
	code := Code(err)
	for _, m := range meanings {
		if slices.Contains(m.codes, code) {
			return fault.Wrap(m.kind, err, "%s: %s", doing, m.text)
		}
	}
	if kind, text := outside(err); text != "" {
		return fault.Wrap(kind, err, "%s: %s", doing, text)
	}
	return fault.Wrap(status(err), err, "%s", doing)
}

// ended returns the context's own error where the request ended with it.
func ended(err error) error {
	for _, e := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}

// outside says what went wrong before AWS was reached.
func outside(err error) (fault.Kind, string) {
	var quota ratelimit.QuotaExceededError
	var sign *smithyhttp.RequestSendError
	var network net.Error
	text := err.Error()
	switch {
	case errors.As(err, &quota):
		return fault.Transient, "so many requests failed that no more are tried for a while"
	case strings.Contains(text, "get credentials") || strings.Contains(text, "get identity") || strings.Contains(text, "refresh cached credentials"):
		return fault.Denied, "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE"
	case missingRegion(err) || strings.Contains(text, "an AWS region is required") || strings.Contains(text, "Invalid Configuration: Missing Region"):
		return fault.Invalid, "no region is set: set AWS_REGION"
	case errors.As(err, &sign) || errors.As(err, &network):
		return fault.Transient, "the endpoint does not answer: is the address right, and is it running?"
	}
	return fault.Internal, ""
}

func missingRegion(err error) bool {
	var e *aws.MissingRegionError
	return errors.As(err, &e)
}

// status is the kind of an answer whose code nobody knows.
func status(err error) fault.Kind {
	var r *smithyhttp.ResponseError
	if !errors.As(err, &r) {
		return fault.Internal
	}
	switch code := r.HTTPStatusCode(); {
	case code >= 500, code == http.StatusTooManyRequests:
		return fault.Transient
	case code == http.StatusForbidden, code == http.StatusUnauthorized:
		return fault.Denied
	case code == http.StatusNotFound:
		return fault.NotFound
	}
	return fault.Internal
}
