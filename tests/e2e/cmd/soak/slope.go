// The growth of a value over the time of the soak.
package main

import (
	"math"
	"slices"
)

// slope is the growth of a value by linear regression.
type slope struct {
	PerHour float64 `json:"perHour"`
	// Error is the standard error of PerHour.
	Error float64 `json:"standardError"`
	Count int     `json:"measurements"`
}

// slopeOf returns false if there are too few measurements.
func slopeOf(measurements []measurement, value func(measurement) float64) (slope, bool) {
	const fewest = 3
	if len(measurements) < fewest {
		return slope{}, false
	}
	n := float64(len(measurements))
	hours := func(m measurement) float64 { return m.at.Sub(measurements[0].at).Hours() }
	meanHours, meanValue := 0.0, 0.0
	for _, m := range measurements {
		meanHours += hours(m) / n
		meanValue += value(m) / n
	}
	squares, products := 0.0, 0.0
	for _, m := range measurements {
		distance := hours(m) - meanHours
		squares += distance * distance
		products += distance * (value(m) - meanValue)
	}
	if squares == 0 {
		return slope{}, false
	}
	growth, residuals := products/squares, 0.0
	for _, m := range measurements {
		rest := value(m) - meanValue - growth*(hours(m)-meanHours)
		residuals += rest * rest
	}
	return slope{growth, math.Sqrt(residuals / (n - 2) / squares), len(measurements)}, true
}

// afterWarmUp returns the measurements of the slope: all after the warm-up, or the second half of a
// short soak.
func afterWarmUp(measurements []measurement) []measurement {
	first, last := measurements[0].at, measurements[len(measurements)-1].at
	begin := first.Add(min(warmUp, last.Sub(first)/2))
	isEarly := func(m measurement) bool { return m.at.Before(begin) }
	return slices.DeleteFunc(slices.Clone(measurements), isEarly)
}
