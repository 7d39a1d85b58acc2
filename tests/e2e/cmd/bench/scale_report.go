package main

import (
	"fmt"
	"strconv"
	"time"
)

// The budgets are for 2,000 guarded Deployments. The memory for another number differs by
// perGuardBudget for each Deployment.
const (
	syncBudget          = 1.2 // of the time of plain LISTs
	steadyBudget        = 40_000_000
	takeoverBudget      = 56_000_000
	perGuardBudget      = 8_000
	budgetDeployments   = 2000
	idleCPUBudget       = 2.0  // thousandths of a core
	idleRequestsBudget  = 2.0  // in a second
	inFlightBudget      = 20.0 // requests in a second
	failingBudget       = 3 * time.Second
	gracefulBudget      = 500 * time.Millisecond
	afterKillBudget     = 19400 * time.Millisecond
	scaleDefaultSize    = 2000
	scaleMaxDeployments = 20_000
)

// splitSizes separates the names of the parts from the numbers of Deployments.
func splitSizes(arguments []string) (names []string, sizes []int, err error) {
	for _, argument := range arguments {
		size, err := strconv.Atoi(argument)
		switch {
		case err != nil:
			names = append(names, argument)
		case size < 1 || size > scaleMaxDeployments:
			return nil, nil, fmt.Errorf("%d Deployments: the number is from 1 to %d", size,
				scaleMaxDeployments)
		case len(sizes) > 0 && size <= sizes[len(sizes)-1]:
			return nil, nil, fmt.Errorf("%d Deployments after %d: each number must be larger than "+
				"the one before", size, sizes[len(sizes)-1])
		default:
			sizes = append(sizes, size)
		}
	}
	return names, sizes, nil
}

// memoryBudget is the budget of the memory with this number of guarded Deployments.
func memoryBudget(for2000 float64, deployments int) float64 {
	return for2000 + perGuardBudget*float64(deployments-budgetDeployments)
}

// line is one figure with its budget. A budget of 0 is none.
type line struct {
	what   string
	value  float64
	unit   string
	budget float64
	note   string
}

func (l line) String() string {
	text := fmt.Sprintf("  %-42s %9s %-10s", l.what, figure(l.value), l.unit)
	if l.budget > 0 {
		verdict := "met"
		if l.value > l.budget {
			verdict = "not met"
		}
		text += fmt.Sprintf("   budget %s: %s", figure(l.budget), verdict)
	}
	if l.note != "" {
		text += "   (" + l.note + ")"
	}
	return text
}

// figure prints three significant digits.
func figure(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	default:
		return fmt.Sprintf("%.2f", value)
	}
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1_000_000 }
