package node

// looking is the operations that say something about a data folder and are asked for nothing else.
var looking = map[string]bool{
	"certificate": true, "holes": true, "ledger": true, "metric": true, "quarantine.list": true, "quarantine.show": true, "sql": true, "status": true, "verify": true,
}

// Looks reports whether an operation with these arguments only says something about a data folder. It may work there all the
// same: what has not reached the lake yet is taken in first. A certificate is none: it is of commits that have to stay.
func Looks(name string, args any) bool {
	switch a := args.(type) {
	case RepairArgs:
		return a.DryRun
	case RetainArgs:
		return a.DryRun
	case BackfillArgs:
		return a.DryRun
	case ArchiveArgs:
		return a.DryRun
	}
	return looking[name]
}
