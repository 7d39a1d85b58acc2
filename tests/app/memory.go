// Memory consumption, like that of a leak.
package main

import "runtime"

// eatMemory allocates memory until the kernel kills the process.
func eatMemory() {
	const blockBytes, pageBytes = 8 << 20, 4 << 10
	var blocks [][]byte
	for {
		block := make([]byte, blockBytes)
		// Only pages that are written count towards the memory limit.
		for i := 0; i < len(block); i += pageBytes {
			block[i] = 1
		}
		blocks = append(blocks, block)
		runtime.KeepAlive(blocks)
	}
}
