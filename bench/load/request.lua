-- The load: wrk -s request.lua URL -- plaintext|orders DEPTH [ORDER_FILE]
-- Sends DEPTH requests at once (1: no pipelining), the same bytes to every server, and prints one machine-readable line.
-- Connection: Keep-Alive is said aloud because Pistache closes without it.

local bytes

function init(args)
  local case, depth = args[1], tonumber(args[2])
  local headers = { ["Connection"] = "Keep-Alive" }
  local one
  if case == "orders" then
    local file = assert(io.open(args[3], "rb"))
    headers["Content-Type"] = "application/json"
    one = wrk.format("POST", "/orders", headers, file:read("*a"))
    file:close()
  else
    one = wrk.format("GET", "/plaintext", headers)
  end
  bytes = string.rep(one, depth)
end

function request()
  return bytes
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT requests=%d duration_us=%d p50_us=%d p99_us=%d errors=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
