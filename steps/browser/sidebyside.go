package browser

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
)

// SideBySide puts pictures of pages beside each other, from left to right: each is a PNG, and so is what comes of them. Those that are none are left out; nil if none is left.
func SideBySide(shots [][]byte) []byte {
	var all []image.Image
	width, height := 0, 0
	for _, shot := range shots {
		one, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			continue
		}
		all = append(all, one)
		width, height = width+one.Bounds().Dx(), max(height, one.Bounds().Dy())
	}
	if len(all) == 0 {
		return nil
	}
	together := image.NewRGBA(image.Rect(0, 0, width, height))
	x := 0
	for _, one := range all {
		draw.Draw(together, image.Rect(x, 0, x+one.Bounds().Dx(), one.Bounds().Dy()), one, one.Bounds().Min, draw.Src)
		x += one.Bounds().Dx()
	}
	var b bytes.Buffer
	if png.Encode(&b, together) != nil {
		return nil
	}
	return b.Bytes()
}
