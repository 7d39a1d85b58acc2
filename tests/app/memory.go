// Running out of memory, as a leak would.
package main

// eatMemory takes memory until the kernel ends the process.
func eatMemory() {
	const block, page = 8 << 20, 4 << 10
	var held [][]byte
	for {
		next := make([]byte, block)
		// Memory counts when it is written to.
		for i := 0; i < len(next); i += page {
			next[i] = 1
		}
		held = append(held, next)
		if len(held) > 1<<20 {
			return
		}
	}
}
