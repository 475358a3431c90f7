#pragma once

// Answers of the API as text for people. Pure.

#include <string>

#include <boost/json/value.hpp>

namespace ringrift::ops::cli {

std::string show_status(const boost::json::value& status);
/// Of the same answer, who elects the leader.
std::string show_voters(const boost::json::value& status);
std::string show_jobs(const boost::json::value& jobs);
std::string show_work_list(const boost::json::value& work);
std::string show_work(const boost::json::value& item);
std::string show_nodes(const boost::json::value& nodes);
std::string show_models(const boost::json::value& models);
std::string show_elo(const boost::json::value& elo);
std::string show_sync(const boost::json::value& sync);
std::string show_explanation(const boost::json::value& told);
std::string show_done(const boost::json::value& reply);
/// One line: position, time, type, what it is about, who said it.
std::string show_event(const boost::json::value& event);

}  // namespace ringrift::ops::cli
