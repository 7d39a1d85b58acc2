// Memory consumption, like a leak.
package main

// eatMemory allocates memory until the kernel kills the process.
func eatMemory() {
	const block, page = 8 << 20, 4 << 10
	var held [][]byte
	for {
		next := make([]byte, block)
		// Only pages that are written count towards the limit.
		for i := 0; i < len(next); i += page {
			next[i] = 1
		}
		held = append(held, next)
		if len(held) > 1<<20 {
			return
		}
	}
}
