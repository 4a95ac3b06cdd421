using ConcurrentSessions;

// One executable plays both parts: without a command it is the server and the parent, with the hidden command `session` one of the
// sessions.
return await CommandLine.Build().Parse(args).InvokeAsync();
