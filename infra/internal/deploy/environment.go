package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
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
	Heartbeat   int `json:"heartbeat"`   // minutes; a shard that is quiet for so long is sent something that must come through
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
