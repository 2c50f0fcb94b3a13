package codec

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Assembler puts packets together with the attachments that follow them. Its limits are set before the first Add; what has failed once is not to be used again.
type Assembler struct {
	// MaxAttachments is how many attachments a packet may have, and MaxBytes how many bytes they may be together.
	MaxAttachments, MaxBytes int

	waiting *Packet
	missing int
	size    int
}

// Add takes the next message of Engine.IO and gives the packet that it completes; complete is false if attachments are still to come. The error says what the protocol has
// against it.
func (a *Assembler) Add(m EnginePacket) (p Packet, complete bool, err error) {
	switch {
	case m.Binary && a.waiting == nil:
		return Packet{}, false, errors.New("an attachment came that no packet has announced")
	case m.Binary:
		return a.attach(m.Data)
	case a.waiting != nil:
		return Packet{}, false, fmt.Errorf("a packet came in place of an attachment: %s", a.Unfinished())
	}
	said, attachments, err := Decode(m.Data)
	switch {
	case err != nil:
		return Packet{}, false, err
	case attachments > a.MaxAttachments:
		return Packet{}, false, fmt.Errorf("%s: %d attachments are announced, and at most %d are taken", said.Type, attachments, a.MaxAttachments)
	case !said.Type.isBinary():
		return said, true, nil
	}
	if err := checkPlaceholders(said, attachments); err != nil || attachments == 0 {
		return said, err == nil, err
	}
	a.waiting, a.missing, a.size = &said, attachments, 0
	return Packet{}, false, nil
}

// attach takes an attachment.
func (a *Assembler) attach(data []byte) (p Packet, complete bool, err error) {
	a.size += len(data)
	if a.size > a.MaxBytes {
		return Packet{}, false, fmt.Errorf("%s: the attachments are more than %d bytes together", a.waiting.Type, a.MaxBytes)
	}
	a.waiting.Attachments = append(a.waiting.Attachments, data)
	a.missing--
	if a.missing > 0 {
		return Packet{}, false, nil
	}
	p, a.waiting = *a.waiting, nil
	return p, true, nil
}

// Unfinished says in words which packet waits for how many attachments; it is empty if none does.
func (a *Assembler) Unfinished() string {
	if a.waiting == nil {
		return ""
	}
	return fmt.Sprintf("%s in %s has %d of %d attachments", a.waiting.Type, a.waiting.Namespace, len(a.waiting.Attachments), len(a.waiting.Attachments)+a.missing)
}

// checkPlaceholders says that a placeholder stands for an attachment that was not announced.
func checkPlaceholders(p Packet, attachments int) error {
	var value any
	if err := json.Unmarshal(p.Data, &value); err != nil {
		return fmt.Errorf("%s: %w", p.Type, err)
	}
	if outOfRange(value, attachments) {
		return fmt.Errorf("%s: a placeholder has a number that is not below %d, the number of attachments", p.Type, attachments)
	}
	return nil
}
