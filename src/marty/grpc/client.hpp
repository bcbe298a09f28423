// The streams of a client, as generated code returns them.
//
//   auto updates = pets.watch_pets(request);
//   while (updates.read(pet)) show(pet);                     // throws where the call failed; false: it went well
//
//   auto upload = pets.import_pets();
//   for (const Pet& pet : all) if (!upload.write(pet)) break;  // the server has ended it: finish() says why
//   ImportSummary summary = upload.finish();
//
//   auto chat = room.chat();                                 // both directions at once, by one fiber or two
//
// One that is destroyed before its end is cancelled. Used by the fibers of one loop.
#pragma once

#include <memory>
#include <string_view>

#include "marty/grpc/channel.hpp"

namespace marty::grpc {

// What all of them have. REQUIRES for metadata: something was read.
class ClientStreamBase {
 public:
  ClientStreamBase(Channel& channel, const Method& method, const CallOptions& options);
  ClientStreamBase(ClientStreamBase&&) noexcept;
  ClientStreamBase& operator=(ClientStreamBase&&) noexcept;
  ~ClientStreamBase();

  std::string_view metadata(std::string_view name) const;           // of the head of the reply; "" where absent
  std::string_view trailing_metadata(std::string_view name) const;  // once the stream has ended
  void cancel() noexcept;                                           // reads and writes throw cancelled
  // Whether messages are compressed from now on. One that began without compression stays so.
  void compress(bool on) noexcept;

 protected:
  bool send(const google::protobuf::Message& message);
  void finish_sending();
  bool receive(google::protobuf::Message& message);
  void receive_only(google::protobuf::Message& message);

 private:
  std::unique_ptr<internal::ClientCall> call_;
};

template <class Response>
class ResponseReader : public ClientStreamBase {
 public:
  ResponseReader(Channel& channel, const Method& method, const google::protobuf::Message& request,
                 const CallOptions& options)
      : ClientStreamBase(channel, method, options) {
    send(request);
    finish_sending();
  }
  bool read(Response& response) { return receive(response); }
};

template <class Request, class Response>
class RequestWriter : public ClientStreamBase {
 public:
  RequestWriter(Channel& channel, const Method& method, const CallOptions& options)
      : ClientStreamBase(channel, method, options) {}
  // Waits while the server is slow. False: the server has ended the call.
  bool write(const Request& request) { return send(request); }
  Response finish() {
    finish_sending();
    Response response;
    receive_only(response);
    return response;
  }
};

template <class Request, class Response>
class Duplex : public ClientStreamBase {
 public:
  Duplex(Channel& channel, const Method& method, const CallOptions& options)
      : ClientStreamBase(channel, method, options) {}
  bool write(const Request& request) { return send(request); }
  void finish_writing() { finish_sending(); }
  bool read(Response& response) { return receive(response); }
};

}  // namespace marty::grpc
