package node

import "context"

// Heal closes open holes, as the loop does now and then.
func (n *Node) Heal(ctx context.Context) error { return n.heal(ctx) }
