#pragma once

// Bytes in, a request out: HTTP/1.1 parsing, bounded, without a socket.
//
// Feed what arrived until it says otherwise. One reader reads one request; what follows it in the
// bytes stays there for the next. All that Boost.Beast is stays in the .cpp file.

#include <cstddef>
#include <memory>
#include <string>

#include "ops/http/message.hpp"

namespace ringrift::ops::http {

class RequestReader {
  public:
    enum class State {
        needs_more,
        wants_continue,  ///< The client waits for `100 Continue` before it sends the body.
        done,
        refused  ///< See `refusal`; nothing more can be read from this client.
    };

    RequestReader(std::size_t head_bytes_max, std::size_t body_bytes_max);
    ~RequestReader();

    /// Takes away from `bytes` what it has understood. Says `wants_continue` once at most.
    State take(std::string& bytes);

    // When done:
    Request& request() { return request_; }
    bool head_only() const { return head_only_; }    ///< It was a HEAD.
    bool keep_alive() const { return keep_alive_; }  ///< The client may send another request.

    const Response& refusal() const { return refusal_; }

  private:
    class Parser;
    State finish();
    State refuse(Response response);

    std::size_t head_bytes_max_;
    std::size_t body_bytes_max_;
    std::unique_ptr<Parser> parser_;
    Request request_;
    Response refusal_;
    bool head_only_ = false;
    bool keep_alive_ = false;
    bool continued_ = false;
};

}  // namespace ringrift::ops::http
