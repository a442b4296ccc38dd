package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
)

// keeper looks after a store: what has expired goes, and the change feed forgets what is older than its retention.
type keeper interface {
	SweepTTL(ctx context.Context, now time.Time) (int, error)
	Trim(ctx context.Context, now time.Time) (records int, err error)
}

// past is a store in the data folder: it takes changes as if they had been made earlier, and can be copied while it works.
type past interface {
	WriteBulk(ctx context.Context, writes []embedded.Bulk) error
	Checkpoint(ctx context.Context, dir string) error
}

// files is the objects of the lake.
type files interface {
	commit.Files
	compact.Files
}

// homeFile says where the records and the lake of a data folder are.
const homeFile = "home.json"

// chooseHome returns where records and the lake are: what the settings say, or what the folder was begun with. A folder
// keeps its home, because half of a lake here and half there would be no lake; only addresses of stand-ins may change.
func (n *Node) chooseHome() (config.Home, error) {
	begun, err := Begun(n.folder.Root())
	if err != nil {
		return begun, err
	}
	asked, err := n.settings.Home(begun)
	if err != nil {
		return asked, err
	}
	if !begun.IsZero() && (asked.Store != begun.Store || asked.Tables != begun.Tables || asked.Lake != begun.Lake || asked.Database != begun.Database) {
		return asked, fault.New(fault.Invalid, "the data folder %s was begun with %s, and now %s is asked for: choose another folder with --data, or leave the settings out",
			n.folder.Root(), spelled(begun), spelled(asked))
	}
	return asked, nil
}

// keepHome writes down where records and the lake are, once all of it could be opened.
func (n *Node) keepHome(context.Context) error {
	text, err := json.Marshal(n.home)
	if err != nil {
		return err
	}
	return n.folder.Keep(homeFile, append(text, '\n'))
}

// Begun returns the home that a data folder has: the zero Home where it is new. A folder from before there were homes is
// its own.
func Begun(root string) (h config.Home, err error) {
	path := filepath.Join(root, homeFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(root, "store")); err == nil {
			h.Store = config.Embedded
		}
		return h, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		return h, fmt.Errorf("read %s: %w", path, err)
	}
	return h, nil
}

func spelled(h config.Home) string {
	text := "the store " + h.Store
	if h.Tables != "" {
		text += " (tables " + h.Tables + ")"
	}
	text += " and "
	if h.Lake == "" {
		return text + "a lake of its own"
	}
	return text + "the lake " + h.Lake + " in the Glue database " + h.Database
}
