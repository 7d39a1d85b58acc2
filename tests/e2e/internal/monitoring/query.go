// Queries of a test. They use the HTTP API of Prometheus:
// https://prometheus.io/docs/prometheus/latest/querying/api/
package monitoring

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"
)

const (
	queryTimeout     = 5 * time.Second
	maxResponseBytes = 8 << 20
)

// Series is one series of a result. The value may be NaN or infinite.
type Series struct {
	Labels map[string]string
	Value  float64
	Time   time.Time
}

// Query evaluates an expression now. The result of a scalar is one series without labels. A result
// that is a range vector or a string is an error. If the server rejects the query, the error has
// its message.
func (p *Prometheus) Query(expression string) ([]Series, error) {
	client := p.Client(queryTimeout)
	response, err := client.PostForm(p.URL()+"/api/v1/query", url.Values{"query": {expression}})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	if err != nil {
		return nil, err
	}
	series, err := parseResult(text)
	if err != nil {
		return nil, fmt.Errorf("query %s: %s: %w", expression, response.Status, err)
	}
	return series, nil
}

// result is the response to an instant query.
type result struct {
	Status    string `json:"status"`
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
	Data      struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// point is a time in seconds and a value as text.
type point [2]any

func parseResult(text []byte) ([]Series, error) {
	var got result
	if err := json.Unmarshal(text, &got); err != nil {
		return nil, fmt.Errorf("the response is no JSON: %w", err)
	}
	if got.Status != "success" {
		return nil, fmt.Errorf("%s: %s", got.ErrorType, got.Error)
	}
	switch got.Data.ResultType {
	case "scalar":
		var value point
		if err := json.Unmarshal(got.Data.Result, &value); err != nil {
			return nil, err
		}
		series, err := toSeries(nil, value)
		return []Series{series}, err
	case "vector":
		var vector []struct {
			Metric map[string]string `json:"metric"`
			Value  point             `json:"value"`
		}
		if err := json.Unmarshal(got.Data.Result, &vector); err != nil {
			return nil, err
		}
		var all []Series
		for _, element := range vector {
			series, err := toSeries(element.Metric, element.Value)
			if err != nil {
				return nil, err
			}
			all = append(all, series)
		}
		return all, nil
	default:
		return nil, fmt.Errorf("the result is a %s, not a vector or a scalar", got.Data.ResultType)
	}
}

func toSeries(labels map[string]string, value point) (Series, error) {
	seconds, isNumber := value[0].(float64)
	text, isText := value[1].(string)
	if !isNumber || !isText {
		return Series{}, fmt.Errorf("%v is no time with a value", value)
	}
	number, err := strconv.ParseFloat(text, 64)
	return Series{labels, number, time.UnixMilli(int64(seconds * 1000))}, err
}
