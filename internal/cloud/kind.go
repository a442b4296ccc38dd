package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tarn-lake/tarn/internal/fault"
)

// answer is what an error code of AWS means for us.
type answer struct {
	kind fault.Kind
	say  string
}

// Nobody who asks Tarn something can do anything about Tarn's own rights, so these are not Denied or Unauthorized.
var (
	noRight   = answer{fault.ReadOnly, "AWS refuses it: give the credentials in use the right to do this"}
	wrongKey  = answer{fault.ReadOnly, "AWS does not accept the credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role in use"}
	oldToken  = answer{fault.Transient, "the credentials have expired: sign in again or renew the session token"}
	wrongTime = answer{fault.ReadOnly, "the clock of this machine is too far from AWS's: set it right"}
	tooFast   = answer{fault.Transient, "AWS asks to slow down: try again later"}
	trouble   = answer{fault.Transient, "AWS has a fault of its own: try again later"}
)

// answers are the codes that mean the same in every service.
var answers = map[string]answer{
	"AccessDenied": noRight, "AccessDeniedException": noRight, "UnauthorizedOperation": noRight, "AllAccessDisabled": noRight,
	"InvalidAccessKeyId": wrongKey, "SignatureDoesNotMatch": wrongKey, "InvalidSignatureException": wrongKey,
	"UnrecognizedClientException": wrongKey, "InvalidClientTokenId": wrongKey, "IncompleteSignature": wrongKey,
	"MissingAuthenticationToken": wrongKey, "MissingAuthenticationTokenException": wrongKey, "InvalidToken": wrongKey,
	"ExpiredToken": oldToken, "ExpiredTokenException": oldToken, "TokenRefreshRequired": oldToken,
	"RequestTimeTooSkewed": wrongTime, "RequestExpired": wrongTime,
	"SlowDown": tooFast, "Throttling": tooFast, "ThrottlingException": tooFast, "ThrottledException": tooFast,
	"RequestThrottled": tooFast, "RequestThrottledException": tooFast, "TooManyRequestsException": tooFast,
	"RequestLimitExceeded": tooFast, "BandwidthLimitExceeded": tooFast, "ProvisionedThroughputExceededException": tooFast,
	"InternalError": trouble, "InternalServerError": trouble, "InternalServiceException": trouble, "InternalFailure": trouble,
	"ServiceUnavailable": trouble, "ServiceUnavailableException": trouble, "RequestTimeout": trouble, "OperationTimeoutException": trouble,
}

// Code returns the error code that AWS answered, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status returns the HTTP status that AWS answered, or 0.
func Status(err error) int {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) {
		return resp.HTTPStatusCode()
	}
	return 0
}

// Kind names why AWS did not do it: the message says what to do. An error that has a kind already keeps it, and an ended
// context stays what it is.
func Kind(err error, doing string) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	}
	if a, ok := answers[Code(err)]; ok {
		return fault.Wrap(a.kind, err, "%s: %s", doing, a.say)
	}
	var asked *smithy.OperationError
	if !errors.As(err, &asked) { // not AWS's at all: a disk's error looks like a network's
		return fmt.Errorf("%s: %w", doing, err)
	}
	var unreachable net.Error
	switch status := Status(err); {
	case status == 403 || status == 401:
		return fault.Wrap(noRight.kind, err, "%s: %s", doing, noRight.say)
	case status == 429:
		return fault.Wrap(tooFast.kind, err, "%s: %s", doing, tooFast.say)
	case status >= 500:
		return fault.Wrap(trouble.kind, err, "%s: %s", doing, trouble.say)
	case errors.As(err, &unreachable):
		return fault.Wrap(fault.Transient, err, "%s: AWS cannot be reached: check the endpoint and the network", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
