package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"time"
)

// Environment is one place that Tarn is deployed to, as its file under environments/ says.
type Environment struct {
	Name     string   `json:"-"`                 // the file's name
	Account  string   `json:"account,omitempty"` // twelve digits; empty: the account of whoever deploys
	Region   string   `json:"region"`
	Schemas  string   `json:"schemas,omitempty"` // a folder of dataset files beside cdk.json; empty: those that come with the program
	Domains  []string `json:"domains,omitempty"` // the schema folders that are deployed; empty: all
	Profile  string   `json:"profile,omitempty"` // lenient or strict; empty: lenient
	Keep     bool     `json:"keep"`              // data outlives its stack, and stacks and tables are protected against removal
	Mail     string   `json:"mail"`              // who is told of alarms
	Dollars  int      `json:"monthlyDollars"`    // the budget; half of it, all of it and what is forecast above it are told
	Host     *Host    `json:"host,omitempty"`    // a name of one's own; nil: CloudFront's
	Capture  Capture  `json:"capture"`
	Commit   Commit   `json:"commit"`
	Query    Query    `json:"query"`
	Backup   bool     `json:"backup"`  // AWS Backup on top of point-in-time recovery and object versions
	Network  bool     `json:"network"` // functions run in a network of their own without a way out but endpoints
	Limit    Limit    `json:"limit"`
	Protect  bool     `json:"protectSignIn"` // Cognito's Plus plan: refuses leaked passwords and strange sign-ins
	Pipeline *Source  `json:"pipeline,omitempty"`

	before *Environment // the one that the pipeline deploys first
}

// Host is the name that people open.
type Host struct {
	Name        string `json:"name"`
	Zone        string `json:"zone,omitempty"`        // hosted zone in Route 53 that the name lies in
	ZoneID      string `json:"zoneId,omitempty"`      // of the same
	Certificate string `json:"certificate,omitempty"` // ARN in us-east-1; empty: one is made and proved in the zone
	SendMail    bool   `json:"sendMail,omitempty"`    // invitations come from the zone; switched on once SES has verified it
}

// Capture is how streams are taken; docs/decisions/037 calculates the figures.
type Capture struct {
	Seconds  int `json:"seconds"`  // how long a batch may gather
	MemoryMB int `json:"memoryMB"` // of the function
}

// Commit is how what has landed reaches the tables.
type Commit struct {
	Seconds     int `json:"seconds"`     // how long landings may gather before they wake the committer
	MemoryMB    int `json:"memoryMB"`    // of the function
	ArchiveDays int `json:"archiveDays"` // how long landed objects stay after their commit; 0: they go at once
	DataAge     int `json:"dataAge"`     // seconds; older data is an alarm
}

// Query is who may read what, and how much of it one question may scan.
type Query struct {
	Datasets    []string `json:"datasets,omitempty"` // what the query function may read; empty: every dataset
	DashboardMB int      `json:"dashboardMB"`
	AdHocMB     int      `json:"adHocMB"`
}

// Limit is what the door lets through.
type Limit struct {
	PerSecond int `json:"perSecond"` // requests of everybody
	Burst     int `json:"burst"`
	PerFive   int `json:"perAddressInFiveMinutes"`
}

// Source is what the delivery pipeline follows.
type Source struct {
	Repository string `json:"repository"` // owner/name
	Branch     string `json:"branch"`
	Connection string `json:"connection"` // ARN of the CodeConnections connection
	Test       string `json:"test"`       // the environment that is deployed before this one
}

var (
	environmentForm = regexp.MustCompile(`^[a-z][a-z0-9]{1,11}$`)
	accountForm     = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// Read reads the environment of that name from its file, and the one that its pipeline deploys first. The error names
// every fault of it.
func Read(files fs.FS, name string) (Environment, error) {
	env, err := decode(files, name)
	if err == nil {
		err = env.Check()
	}
	if err != nil || env.Pipeline == nil {
		return env, err
	}
	before, err := decode(files, env.Pipeline.Test)
	if err == nil {
		err = before.Check()
	}
	if err == nil && before.Account == "" {
		err = fmt.Errorf("environment %s: account is missing: the pipeline of %s must know where it deploys to", before.Name, name)
	}
	env.before = &before
	return env, err
}

func decode(files fs.FS, name string) (Environment, error) {
	env := Environment{Name: name}
	if !environmentForm.MatchString(name) {
		return env, fmt.Errorf("environment %q: a name has 2 to 12 small letters and digits and begins with a letter", name)
	}
	text, err := fs.ReadFile(files, name+".json")
	if errors.Is(err, fs.ErrNotExist) {
		known, _ := fs.Glob(files, "*.json") // the pattern is right
		return env, fmt.Errorf("environment %q has no file: write infra/environments/%s.json, or choose one of %s with -c env=NAME",
			name, name, strings.ReplaceAll(strings.Join(known, ", "), ".json", ""))
	} else if err != nil {
		return env, fmt.Errorf("environment %s: %w", name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&env); err != nil {
		return env, fmt.Errorf("environment %s.json: %w", name, err)
	}
	return env, nil
}

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
	if least := e.Capture.Seconds + 2*e.Commit.Seconds; e.Commit.DataAge < least {
		refuse("commit.dataAge is %d s, and data is up to %d s old on a good day: write more, or gather for a shorter time", e.Commit.DataAge, least)
	}
	faults = append(faults, e.checkHost()...)
	faults = append(faults, e.checkPipeline()...)
	return errors.Join(faults...)
}

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

func (e Environment) retention() time.Duration {
	if e.Keep {
		return 35 * 24 * time.Hour
	}
	return 24 * time.Hour
}
