// The streams of a client, as generated code returns them.
//
//   for (const Pet& pet : pets.watch_pets(request)) show(pet);       // ends well, or throws the server's error
//
//   auto upload = pets.import_pets();
//   for (const Pet& pet : all) if (!upload.write(pet)) break;        // the server has ended it: finish() says why
//   ImportSummary summary = upload.finish();
//
//   auto chat = room.chat();                                         // both directions at once, by one fiber or two
//   chat.write(hello);
//   chat.finish_writing();
//   for (const Line& line : chat) show(line);
//
// For the fibers of one loop; one may read while another writes. One that is destroyed before its end is cancelled:
// read to the end where the outcome matters. It has the deadline of its fiber, and CallOptions::timeout where that is
// set.
//
// Each operation throws Error: the server's code, message and details; unavailable, deadline_exceeded, cancelled,
// resource_exhausted (a message too large), internal (what came is not gRPC), failed_precondition (two fibers write, or
// two read).
#pragma once

#include <memory>

#include "marty/grpc/channel.hpp"
#include "marty/grpc/stream.hpp"

namespace marty::grpc {

// What all of them have.
class ClientStreamBase {
 public:
  ClientStreamBase(Channel& channel, const Method& method, const CallOptions& options);
  ClientStreamBase(ClientStreamBase&&) noexcept;
  ClientStreamBase& operator=(ClientStreamBase&&) noexcept;
  ~ClientStreamBase();

  void cancel() noexcept;  // reads and writes throw cancelled
  // Whether messages are compressed from now on. One that began without compression stays so.
  void compress(bool on) noexcept;

 protected:
  bool send(const google::protobuf::Message& message);
  void finish_sending();
  bool receive(google::protobuf::Message& message);
  void receive_unary(google::protobuf::Message& message);

 private:
  std::unique_ptr<internal::ClientCall> call_;
};

// A response that is a stream.
template <class Response>
class ClientReader : public ClientStreamBase {
 public:
  ClientReader(Channel& channel, const Method& method, const google::protobuf::Message& request,
               const CallOptions& options)
      : ClientStreamBase(channel, method, options) {
    send(request);
    finish_sending();
  }
  // The next message, into one that may be used again. False: there are no more, and the call went well.
  bool read(Response& response) { return receive(response); }
  MessageIterator<ClientReader, Response> begin() { return MessageIterator<ClientReader, Response>(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }
};

// A request that is a stream.
template <class Request, class Response>
class ClientWriter : public ClientStreamBase {
 public:
  ClientWriter(Channel& channel, const Method& method, const CallOptions& options)
      : ClientStreamBase(channel, method, options) {}
  // Waits while the server is slow. False: the server has ended the call.
  bool write(const Request& request) { return send(request); }
  Response finish() {
    finish_sending();
    Response response;
    receive_unary(response);
    return response;
  }
};

// Both are streams.
template <class Request, class Response>
class ClientReaderWriter : public ClientStreamBase {
 public:
  ClientReaderWriter(Channel& channel, const Method& method, const CallOptions& options)
      : ClientStreamBase(channel, method, options) {}
  bool write(const Request& request) { return send(request); }
  void finish_writing() { finish_sending(); }
  bool read(Response& response) { return receive(response); }
  MessageIterator<ClientReaderWriter, Response> begin() { return MessageIterator<ClientReaderWriter, Response>(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }
};

}  // namespace marty::grpc
