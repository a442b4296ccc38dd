package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Location is a bucket of S3 or a folder in one, as s3://bucket/folder.
type Location string

// UnmarshalText refuses what is no such location.
func (l *Location) UnmarshalText(text []byte) error {
	if !lakeForm.Match(text) {
		return fmt.Errorf("%q is no bucket: write s3://my-lake or s3://my-lake/folder", text)
	}
	*l = Location(strings.TrimRight(string(text), "/"))
	return nil
}

// Bucket returns the bucket and the folder in it, which may be empty.
func (l Location) Bucket() (bucket, folder string) {
	bucket, folder, _ = strings.Cut(strings.TrimPrefix(string(l), "s3://"), "/")
	return bucket, strings.Trim(folder, "/")
}

// Folder returns the location as what lies in it begins: with a slash at its end. Empty for no location.
func (l Location) Folder() string {
	if l == "" {
		return ""
	}
	return string(l) + "/"
}

// Names gives deployed names to the names that the schemas use, as name=deployed,name=deployed.
type Names map[string]string

// Of returns the deployed name, which is the name itself where nothing else is said.
func (n Names) Of(name string) string {
	if deployed, ok := n[name]; ok {
		return deployed
	}
	return name
}

// UnmarshalText reads pairs. Each name and each deployed name stands once.
func (n *Names) UnmarshalText(text []byte) error {
	all, taken := Names{}, map[string]string{}
	for pair := range strings.SplitSeq(string(text), ",") {
		name, deployed, ok := strings.Cut(pair, "=")
		if !ok || name == "" || deployed == "" {
			return fmt.Errorf("%q is no pair: write name=deployed,name=deployed", pair)
		}
		if _, twice := all[name]; twice {
			return fmt.Errorf("%q is named twice", name)
		}
		if other, twice := taken[deployed]; twice {
			return fmt.Errorf("%q is given to %s and to %s", deployed, other, name)
		}
		all[name], taken[deployed] = deployed, name
	}
	*n = all
	return nil
}

// String writes the pairs as UnmarshalText reads them, by name.
func (n Names) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		pairs = append(pairs, name+"="+n[name])
	}
	return strings.Join(pairs, ",")
}
