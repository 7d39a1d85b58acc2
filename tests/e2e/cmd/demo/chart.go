package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	chartRows = 5
	// rowHeight is the part of the requests that one row of the chart shows. The limit of the check
	// is the top of the lowest row.
	rowHeight = 0.05
	// labelColumns is the width of the labels on the left.
	labelColumns = 8
	// minColumns is the smallest width of a chart. Narrower terminals get one line.
	minColumns = 10
	maxColumns = 100
)

// eighths are the block characters by height, in eighths of a row.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// chart has one error ratio for each second. A value below 0 stands for a second without a value.
type chart struct{ values []float64 }

func (c *chart) add(value float64) { c.values = append(c.values, value) }

// latest returns the newest value as text.
func (c *chart) latest() string {
	if len(c.values) == 0 || c.values[len(c.values)-1] < 0 {
		return "no value"
	}
	return percent(c.values[len(c.values)-1])
}

func percent(ratio float64) string { return fmt.Sprintf("%.1f %%", 100*ratio) }

// lines draws the newest values. No line is wider than width, in columns. The lines have color only
// if color is true.
func (c *chart) lines(title string, width, height int, color bool) []string {
	columns := min(width-labelColumns, maxColumns)
	head := title + ": " + c.latest()
	if columns < minColumns || height <= chartRows+1 {
		return []string{truncated(head, width)}
	}
	shown := c.values[max(0, len(c.values)-columns):]
	lines := []string{truncated(head, width)}
	for row := chartRows - 1; row >= 0; row-- {
		label := fmt.Sprintf("%5.0f %%", 100*rowHeight*float64(row+1))
		drawn := drawnRow(shown, row, columns, color)
		lines = append(lines, strings.TrimRight(label+" "+drawn, " "))
	}
	return lines
}

// drawnRow draws the part of the values that one row shows. The lowest row has a line at its top,
// where no value is: the limit.
func drawnRow(values []float64, row, columns int, color bool) string {
	empty := ' '
	if row == 0 {
		empty = '▔'
	}
	var text strings.Builder
	for column := range columns {
		block := empty
		if column < len(values) {
			if height := heightInRow(values[column], row); height > 0 {
				block = eighths[height]
			}
		}
		text.WriteRune(block)
	}
	drawn := strings.TrimRight(text.String(), " ")
	if !color || drawn == "" {
		return drawn
	}
	if row == 0 {
		return green + drawn + plain
	}
	return red + drawn + plain
}

// heightInRow returns the height of the part of a value that one row shows, from 0 to 8 eighths.
func heightInRow(value float64, row int) int {
	inRow := value/rowHeight - float64(row)
	return int(max(0, min(8, 8*inRow+0.5)))
}

// bar draws one value from the left to the right, with one column for each percent.
func bar(value float64) string {
	const horizontal = " ▏▎▍▌▋▊▉█"
	eighths := int(max(0, min(8*chartRows*5, 800*value+0.5)))
	rest := []rune(horizontal)[eighths%8]
	return strings.TrimRight(strings.Repeat("█", eighths/8)+string(rest), " ")
}

// truncated returns at most this number of characters.
func truncated(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width)])
}
