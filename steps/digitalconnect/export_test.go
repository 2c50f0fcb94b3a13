package digitalconnect

// TooLate is for tests.
var TooLate = tooLate
