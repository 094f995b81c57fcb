// s2oracle prints what Google's Go library says of 2,000 points: the fixture that our TypeScript is compared with.
//
//	cd dev/tools/s2oracle && go run . > ../../../test/fixtures/s2.json
//
// Half of the points are spread over the sphere, half lie close to edges and corners of the six faces, where mistakes hide.
package main

import (
	"encoding/json"
	"math"
	"math/rand"
	"os"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"
)

const (
	points      = 2000
	cellLevel   = 12
	regionLevel = 9
)

// row: latitude and longitude in degrees, token at level 12, parent at level 9, the four edge neighbours' tokens.
type row [8]any

func main() {
	random := rand.New(rand.NewSource(20260301))
	rows := make([]row, 0, points)
	for i := range points {
		at := spread(random)
		if i%2 == 1 {
			at = nearFaceEdge(random)
		}
		rows = append(rows, rowOf(at))
	}
	out := json.NewEncoder(os.Stdout)
	for i, each := range rows {
		os.Stdout.WriteString(map[bool]string{true: "[", false: ","}[i == 0])
		if err := out.Encode(each); err != nil {
			panic(err)
		}
	}
	os.Stdout.WriteString("]\n")
}

// spread draws a point evenly over the sphere.
func spread(random *rand.Rand) s2.LatLng {
	z := 2*random.Float64() - 1
	return rounded(s2.LatLngFromPoint(s2.Point{Vector: at(z, 2*math.Pi*random.Float64())}))
}

func at(z, angle float64) r3.Vector {
	r := math.Sqrt(1 - z*z)
	return r3.Vector{X: r * math.Cos(angle), Y: r * math.Sin(angle), Z: z}
}

// nearFaceEdge draws a point within some metres of an edge of a cube face: two coordinates of almost equal size.
func nearFaceEdge(random *rand.Rand) s2.LatLng {
	u := 1 + (random.Float64()-0.5)*1e-5
	v := 2*random.Float64() - 1
	if random.Intn(4) == 0 {
		v = 1 + (random.Float64()-0.5)*1e-5
	}
	sign := func() float64 { return float64(2*random.Intn(2) - 1) }
	c := []float64{sign(), sign() * u, sign() * v}
	random.Shuffle(3, func(i, j int) { c[i], c[j] = c[j], c[i] })
	return rounded(s2.LatLngFromPoint(s2.PointFromCoords(c[0], c[1], c[2])))
}

// rounded to seven decimals (1 cm), so that both sides read the same number.
func rounded(at s2.LatLng) s2.LatLng {
	seven := func(degrees float64) float64 { return math.Round(degrees*1e7) / 1e7 }
	return s2.LatLngFromDegrees(seven(at.Lat.Degrees()), seven(at.Lng.Degrees()))
}

func rowOf(at s2.LatLng) row {
	seven := func(degrees float64) float64 { return math.Round(degrees*1e7) / 1e7 }
	lat, lon := seven(at.Lat.Degrees()), seven(at.Lng.Degrees())
	cell := s2.CellIDFromLatLng(s2.LatLngFromDegrees(lat, lon)).Parent(cellLevel)
	neighbours := cell.EdgeNeighbors()
	return row{lat, lon, cell.ToToken(), cell.Parent(regionLevel).ToToken(),
		neighbours[0].ToToken(), neighbours[1].ToToken(), neighbours[2].ToToken(), neighbours[3].ToToken()}
}
