package deploy

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

var (
	environmentForm = regexp.MustCompile(`^[a-z][a-z0-9]{1,11}$`)
	accountForm     = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// Check returns every fault of the environment, each a sentence.
func (e Environment) Check() error {
	var faults []error
	refuse := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("environment %s: "+format, append([]any{e.Name}, args...)...))
	}
	if e.Account != "" && !accountForm.MatchString(e.Account) {
		refuse("account %q is not twelve digits", e.Account)
	}
	if !regionForm.MatchString(e.Region) {
		refuse("region %q is no region of AWS: write one such as eu-west-1", e.Region)
	}
	if e.Profile != "" && e.Profile != "lenient" && e.Profile != "strict" {
		refuse("profile %q is neither lenient nor strict", e.Profile)
	}
	if !strings.Contains(e.Mail, "@") {
		refuse("mail %q is no address: alarms must reach somebody", e.Mail)
	}
	for _, r := range [...]struct {
		name             string
		value, low, high int
	}{
		{"monthlyDollars", e.Dollars, 1, 1_000_000},
		{"capture.seconds", e.Capture.Seconds, 1, 300},
		{"capture.memoryMB", e.Capture.MemoryMB, 128, 10_240},
		{"commit.seconds", e.Commit.Seconds, 1, 300},
		{"commit.memoryMB", e.Commit.MemoryMB, 512, 10_240},
		{"commit.archiveDays", e.Commit.ArchiveDays, 0, 3650},
		{"commit.dataAge", e.Commit.DataAge, 120, 86_400},
		{"commit.heartbeat", e.Commit.Heartbeat, 1, 60},
		{"query.dashboardMB", e.Query.DashboardMB, 10, 1 << 20},
		{"query.adHocMB", e.Query.AdHocMB, 10, 1 << 20},
		{"limit.perSecond", e.Limit.PerSecond, 1, 10_000},
		{"limit.burst", e.Limit.Burst, 1, 5_000},
		{"limit.perAddressInFiveMinutes", e.Limit.PerFive, 10, 2_000_000_000},
	} {
		if r.value < r.low || r.value > r.high {
			refuse("%s is %d: it must be from %d to %d", r.name, r.value, r.low, r.high)
		}
	}
	if least := 60*e.Commit.Heartbeat + e.way(); e.Commit.DataAge < least {
		refuse("commit.dataAge is %d s, and data that nobody writes to is up to %d s old on a good day: write more, gather for a shorter time, or send heartbeats more often", e.Commit.DataAge, least)
	}
	faults = append(faults, e.checkHost()...)
	faults = append(faults, e.checkPipeline()...)
	return errors.Join(faults...)
}

// way is how many seconds a change is on its way to the tables at most, on a good day: it waits for its batch, and it may
// land when a commit has just begun.
func (e Environment) way() int { return e.Capture.Seconds + 2*e.Commit.Seconds }

func (e Environment) checkHost() []error {
	h := e.Host
	if h == nil {
		return nil
	}
	refuse := func(format string, args ...any) []error {
		return []error{fmt.Errorf("environment %s: "+format, append([]any{e.Name}, args...)...)}
	}
	switch {
	case h.Name == "" || !strings.Contains(h.Name, ".") || net.ParseIP(h.Name) != nil:
		return refuse("host.name %q is no name such as lake.example.org", h.Name)
	case (h.Zone == "") != (h.ZoneID == ""):
		return refuse("host.zone and host.zoneId belong together: write both or neither")
	case h.Certificate == "" && h.Zone == "":
		return refuse("there is no certificate for %s: write host.certificate, its ARN in us-east-1, or host.zone and host.zoneId so that one can be made", h.Name)
	case h.Certificate != "" && !strings.HasPrefix(h.Certificate, "arn:aws:acm:us-east-1:"):
		return refuse("host.certificate %q is not in us-east-1, where CloudFront looks for certificates", h.Certificate)
	case h.SendMail && h.Zone == "":
		return refuse("host.sendMail needs host.zone and host.zoneId, from which mails come")
	case h.Zone != "" && h.Name != h.Zone && !strings.HasSuffix(h.Name, "."+h.Zone):
		return refuse("host.name %s does not lie in the zone %s", h.Name, h.Zone)
	}
	return nil
}

func (e Environment) checkPipeline() []error {
	p := e.Pipeline
	switch {
	case p == nil:
		return nil
	case strings.Count(p.Repository, "/") != 1 || p.Branch == "" || !strings.HasPrefix(p.Connection, "arn:aws:codeconnections:") && !strings.HasPrefix(p.Connection, "arn:aws:codestar-connections:"):
		return []error{fmt.Errorf("environment %s: pipeline needs repository (owner/name), branch and connection (the ARN of a CodeConnections connection)", e.Name)}
	case p.Test == e.Name || !environmentForm.MatchString(p.Test):
		return []error{fmt.Errorf("environment %s: pipeline.test %q must name another environment, which is deployed first", e.Name, p.Test)}
	case e.Account == "":
		return []error{fmt.Errorf("environment %s: account is missing: a pipeline must know where it deploys to", e.Name)}
	}
	return nil
}
