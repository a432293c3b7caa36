from django.urls import path

import cities.converters  # noqa: F401  (both register themselves)

from .views import messages, moderation, people, posts, searching

app_name = "community"
urlpatterns = [
    path("community/", posts.home, name="home"),
    path("community/export/", posts.export, name="export"),
    path("community/explore/", posts.explore, name="explore"),
    path("community/posts/<city:city>/<uuid:post_id>/", posts.post_detail, name="post_detail"),
    path("community/posts/<city:city>/<uuid:post_id>/delete/", posts.post_delete, name="post_delete"),
    path("community/posts/<city:city>/<uuid:post_id>/report/", moderation.report_post, name="report_post"),
    path("community/decisions/<city:city>/<uuid:decision_id>/", moderation.decision, name="decision"),
    path("community/blocked/", people.blocked, name="blocked"),
    path("users/<username:username>/card/", people.card, name="card"),
    path("users/<username:username>/follow/", people.follow_person, name="follow"),
    path("users/<username:username>/unfollow/", people.unfollow_person, name="unfollow"),
    path("users/<username:username>/followers/", people.followers, name="followers"),
    path("users/<username:username>/following/", people.following, name="following"),
    path("users/<username:username>/block/", people.block_person, name="block"),
    path("users/<username:username>/unblock/", people.unblock_person, name="unblock"),
    path("users/<username:username>/report/", moderation.report_person, name="report_person"),
    path("messages/", messages.conversation_list, name="conversation_list"),
    path("messages/<username:username>/", messages.conversation, name="conversation"),
    path("messages/<username:username>/read/", messages.conversation_read, name="conversation_read"),
    path("messages/<city:city>/<uuid:message_id>/report/", moderation.report_message, name="report_message"),
    path("search/", searching.search, name="search"),
    path("translate/", posts.translate, name="translate"),
]
