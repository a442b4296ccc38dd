package tables_test

import "testing"

// suite holds a lake to what every lake is held to, wherever its tables are.
func suite(t *testing.T, open opener) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, opener){
		"append is atomic and pinned":                appendIsAtomicAndPinned,
		"append refuses":                             appendRefuses,
		"buckets and names":                          bucketsAndNames,
		"columns may become wider":                   columnsMayBecomeWider,
		"damaged files are named":                    damagedFilesAreNamed,
		"unknown formats are refused":                unknownFormatsAreRefused,
		"every step may fail":                        everyStepMayFail,
		"expire removes what only old snapshots had": expireRemovesWhatOnlyOldSnapshotsHad,
		"field ids":                                  fieldIDs,
		"files are filtered":                         filesAreFiltered,
		"orphans are found and swept":                orphansAreFoundAndSwept,
		"replace keeps counter and conflicts":        replaceKeepsCounterAndConflicts,
		"two catalogs one folder":                    twoCatalogsOneFolder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	suite(t, newLake)
}
