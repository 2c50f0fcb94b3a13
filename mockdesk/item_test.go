package mockdesk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestALineOfSeveralParts(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	ada := s.desk.Agent("a1", "Ada")
	_, err := ada.Send(c, mockdesk.Item{Kind: mockdesk.ItemText, Text: "Hello"})
	require.ErrorIs(t, err, mockdesk.ErrNotJoined)
	_, err = ada.Join(c)
	require.NoError(t, err)
	st := s.listen(idOne, "1")
	address := s.desk.Publish("map.png", "image/png", []byte("a picture"))
	_, err = ada.Send(c, mockdesk.Item{Kind: mockdesk.ItemText, Text: "Here"}, mockdesk.Item{Kind: mockdesk.ItemPicture, URL: address, Title: "The way", Alt: "A map"},
		mockdesk.Item{Kind: mockdesk.ItemChoice, Text: "Walk?", Choices: []string{"yes", "no"}})
	require.NoError(t, err)
	sent := st.next()
	words := "Here\nThe way: " + address + "\nWalk?\n- yes\n- no"
	assert.Equal(t, words, sent["text"])
	assert.Equal(t, words, c.Transcript()[0].Text)
	assert.Equal(t, []any{
		map[string]any{"kind": "text", "text": "Here"},
		map[string]any{"kind": "picture", "url": address, "title": "The way", "alt": "A map"},
		map[string]any{"kind": "choice", "text": "Walk?", "choices": []any{"yes", "no"}},
	}, sent["items"])
	_, err = c.Post(mockdesk.Item{Kind: mockdesk.ItemError, Text: "The line is bad."})
	require.NoError(t, err)
	posted := st.next()
	assert.Equal(t, "The line is bad.", posted["text"])
	assert.Equal(t, map[string]any{"role": "desk"}, posted["author"])

	served := s.do(http.MethodGet, address[len(s.desk.URL()):], "")
	assert.Equal(t, http.StatusOK, served.status)
	assert.Equal(t, "image/png", served.header.Get("Content-Type"))
	assert.Equal(t, "a picture", served.raw)
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "/v1/media/other", "").status)
}
