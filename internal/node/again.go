package node

import "github.com/tarn-lake/tarn/internal/fault"

// mergeTries bounds how often a merge meets another one of the same files before it is given up.
const mergeTries = 10

// again makes a merge, and makes it anew where the process's own upkeep has merged the same files meanwhile.
func again(merge func() (bool, error)) (did bool, err error) {
	for range mergeTries {
		if did, err = merge(); !fault.Is(err, fault.Conflict) {
			break
		}
	}
	return did, err
}
