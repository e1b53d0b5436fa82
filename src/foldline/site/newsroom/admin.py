"""The newsroom's part of the desk: write, upload, schedule, publish, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from foldline.site.desk.audited import AuditedAdmin
from foldline.site.newsroom import lists, publishing
from foldline.site.newsroom.composing import fold_of
from foldline.site.newsroom.forms import ArticleForm, ImageForm, OldPathForm, blocked, forget
from foldline.site.newsroom.models import Article, Author, Authorship, Image, Named, Note, OldPath, Section, State, Tag
from foldline.site.newsroom.pictures import TYPES
from foldline.site.newsroom.press import open_press, settings
from foldline.stores.pictures import PictureStore

if TYPE_CHECKING:
    _Authorships = admin.TabularInline[Authorship, Article]
    _Notes = admin.StackedInline[Note, Article]
    _OldPaths = admin.TabularInline[OldPath, Article]
else:
    _Authorships = _OldPaths = admin.TabularInline
    _Notes = admin.StackedInline


class AuthorshipInline(_Authorships):
    model = Authorship
    extra = 1
    fields = ("author", "order")


class NoteInline(_Notes):
    model = Note
    extra = 0
    verbose_name_plural = "updates and corrections"


class OldPathInline(_OldPaths):
    model = OldPath
    form = OldPathForm
    extra = 0
    verbose_name_plural = "old addresses that lead here"


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Article]) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        kept = queryset.filter(withdrawn_at__isnull=True)
        match self.value():
            case State.WITHDRAWN:
                return queryset.filter(withdrawn_at__isnull=False)
            case State.PUBLISHED:
                return kept.filter(published_at__isnull=False)
            case State.SCHEDULED:
                return kept.filter(published_at__isnull=True, publish_at__isnull=False)
            case State.DRAFT:
                return kept.filter(published_at__isnull=True, publish_at__isnull=True)
        return queryset


@admin.register(Article)
class ArticleAdmin(AuditedAdmin):
    """Fields stand in the order in which one writes. Saving what is published publishes it again."""

    form = ArticleForm
    list_display = ("headline", "standing", "section", "access", "published_at", "alarmed")
    list_filter = (StateFilter, "access", "section")
    search_fields = ("headline", "slug", "standfirst", "byline")
    list_select_related = ("section",)
    date_hierarchy = "published_at"
    filter_horizontal = ("tags",)
    readonly_fields = ("standing", "fold", "alarms_shown", "elsewhere")
    inlines = (AuthorshipInline, NoteInline, OldPathInline)
    actions = ("publish_chosen", "withdraw_chosen")
    veiled = frozenset({"body"})
    save_on_top = True
    fieldsets = (
        (None, {"fields": ("standing", "elsewhere", "alarms_shown", "headline", "standfirst", "body")}),
        ("Picture", {"fields": ("lead_image",)}),
        ("Who wrote it, and where it belongs", {"fields": ("byline", "section", "tags")}),
        ("Who may read it", {"fields": ("access", "fold")}),
        ("When", {"fields": ("publish_at", "published_at", "updated_at")}),
        ("Address, and what other sites show", {"fields": ("slug", "social_text", "reading_time")}),
    )

    class Media:
        css = {"all": ["newsroom/desk.css"]}

    @admin.display(description="state")
    def standing(self, article: Article) -> str:
        match article.state:
            case State.SCHEDULED if article.publish_at:
                return f"scheduled for {localtime(article.publish_at):%Y-%m-%d %H:%M}"
            case State.WITHDRAWN if article.withdrawn_at:
                return f"withdrawn on {localtime(article.withdrawn_at):%Y-%m-%d %H:%M}"
            case State.PUBLISHED if article.version != article.settled_version:
                return "published; the page follows in a moment"
        return article.state.value

    @admin.display(description="where the fold falls")
    def fold(self, article: Article) -> str | SafeString:
        if article._state.adding:
            return "Shown here when the article has been saved."
        with open_press() as press:
            fold = fold_of(press, article)
        if not fold.below:
            return "Nothing stands below the fold: the article is published as free."
        return format_html(
            '<span class="fold-above">… {}</span><span class="fold-line">the fold ({})</span>'
            '<span class="fold-below">{} …</span>',
            fold.above,
            fold.how,
            fold.below,
        )

    @admin.display(description="alarms")
    def alarms_shown(self, article: Article) -> str | SafeString:
        alarms = list(article.alarms.all()) if not article._state.adding else []
        if not alarms:
            return "none"
        return format_html_join("", '<span class="alarm">{}</span>', ((str(alarm),) for alarm in alarms))

    @admin.display(description="at the desk")
    def elsewhere(self, article: Article) -> str | SafeString:
        if article.state is not State.PUBLISHED:
            return "Once it is published: see it as any reader, or open it to everybody for a time."
        return format_html(
            '<a href="/see-as?article={0}">See it as any reader</a> · '
            '<a href="/open-now?article={0}">Open it to everybody for a time</a>',
            article.pk,
        )

    @admin.display(description="alarm", boolean=False)
    def alarmed(self, article: Article) -> str:
        return " ".join(alarm.what for alarm in article.alarms.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        return super().get_queryset(request).prefetch_related("alarms")

    def view_on_site(self, article: Article) -> str | None:
        if article.state is not State.PUBLISHED:
            return None
        return settings().publication.url + article.path

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> tuple[str, ...]:
        fixed = tuple(str(name) for name in self.readonly_fields)
        if obj is None or obj.published_at is None:
            return (*fixed, "published_at")
        return (*fixed, "publish_at")

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        """What is published is withdrawn first, so that its addresses answer 410."""
        if obj is not None and obj.state is State.PUBLISHED:
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str] | None]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        article = form.instance
        if "_withdraw" in request.POST and article.state is State.PUBLISHED:
            publishing.withdraw(article)
            self.record(request, "withdrew", article)
        elif "_publish" in request.POST or article.state is State.PUBLISHED:
            publishing.publish(article)
            self.record(request, "published", article)

    def response_add(self, request: HttpRequest, obj: Article, post_url_continue: str | None = None) -> HttpResponse:
        return self._stay(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        return self._stay(request, obj) or super().response_change(request, obj)

    def _stay(self, request: HttpRequest, article: Article) -> HttpResponse | None:
        if "_publish" not in request.POST and "_withdraw" not in request.POST:
            return None
        if "_publish" in request.POST:
            address = settings().publication.url + article.path
            link = format_html('Published. <a href="{}">{}</a>', address, address)
            self.message_user(request, link, messages.SUCCESS)
        else:
            self.message_user(request, f"Withdrawn: {article.path} answers 410.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:newsroom_article_change", args=[article.pk]))

    @admin.action(description="Publish the chosen articles", permissions=["change"])
    def publish_chosen(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        for article in queryset:
            try:
                publishing.publish(article)
            except ValidationError:
                self.message_user(request, f"Not published: {article}. {blocked(article)}", messages.ERROR)
            else:
                self.record(request, "published", article)
                self.message_user(request, f"Published: {article}", messages.SUCCESS)

    @admin.action(description="Withdraw the chosen articles (their addresses answer 410)", permissions=["change"])
    def withdraw_chosen(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        for article in queryset:
            if article.state is not State.PUBLISHED:
                self.message_user(request, f"Not published, so not withdrawn: {article}", messages.WARNING)
                continue
            publishing.withdraw(article)
            self.record(request, "withdrew", article)
            self.message_user(request, f"Withdrawn: {article}", messages.SUCCESS)


@admin.register(Image)
class ImageAdmin(AuditedAdmin):
    form = ImageForm
    list_display = ("thumbnail", "source_name", "size", "alt", "decorative", "credit")
    list_display_links = ("thumbnail", "source_name")
    search_fields = ("source_name", "alt", "caption", "credit")
    readonly_fields = ("thumbnail", "size", "in_text")
    fields = ("thumbnail", "size", "upload", "alt", "decorative", "caption", "credit", "in_text")

    class Media:
        css = {"all": ["newsroom/desk.css"]}

    def get_urls(self) -> list[URLPattern]:
        picture = path("<int:pk>/picture", self.admin_site.admin_view(self.picture), name="newsroom_image_picture")
        return [picture, *super().get_urls()]

    def picture(self, request: HttpRequest, pk: int) -> HttpResponse:
        image = Image.objects.filter(pk=pk).first()
        if image is None or not self.has_view_permission(request, image):
            raise Http404
        data = PictureStore(settings().home).find(image.name)
        if data is None:
            raise Http404
        return HttpResponse(data, content_type=TYPES[image.name.rpartition(".")[2]])

    @admin.display(description="picture")
    def thumbnail(self, image: Image) -> str | SafeString:
        if image._state.adding:
            return "Shown here when it has been saved."
        address = reverse("admin:newsroom_image_picture", args=[image.pk])
        return format_html('<img class="thumbnail" src="{}" alt="{}">', address, image.alt)

    @admin.display(description="size")
    def size(self, image: Image) -> str:
        return f"{image.width} × {image.height}" if not image._state.adding else ""

    @admin.display(description="in a text, write")
    def in_text(self, image: Image) -> str:
        if image._state.adding:
            return ""
        return f"![{image.alt}](picture:{image.name})"

    def save_model(self, request: HttpRequest, obj: Image, form: ModelForm[Image], change: bool) -> None:
        super().save_model(request, obj, form, change)
        publishing.again(publishing.showing_image(obj))

    def delete_model(self, request: HttpRequest, obj: Image) -> None:
        publishing.again(publishing.showing_image(obj))
        super().delete_model(request, obj)
        forget(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        for image in queryset:
            self.delete_model(request, image)


class NamedAdmin(AuditedAdmin):
    """A section, a tag or an author. A changed name shows wherever the word stands."""

    search_fields = ("name", "slug")
    list_display: tuple[str, ...] = ("name", "slug")
    by = ""

    def save_model(self, request: HttpRequest, obj: Named, form: ModelForm[Any], change: bool) -> None:
        old = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if old is not None:
            lists.due([old.path, obj.path])
            self.show_change(obj)

    def show_change(self, obj: Model) -> None:
        publishing.again(publishing.of_terms(**{self.by: obj.pk}))


@admin.register(Tag)
class TagAdmin(NamedAdmin):
    by = "tags"

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        publishing.again(publishing.of_terms(tags=obj.pk))
        lists.due([obj.path])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        for tag in queryset:
            self.delete_model(request, tag)


@admin.register(Author)
class AuthorAdmin(NamedAdmin):
    by = "authors"


@admin.register(Section)
class SectionAdmin(NamedAdmin):
    """Sections stand in the head of every page: any change of one is a change of all."""

    list_display = ("name", "slug", "order")
    list_editable = ("order",)
    by = "section"

    def save_model(self, request: HttpRequest, obj: Named, form: ModelForm[Any], change: bool) -> None:
        super().save_model(request, obj, form, change)
        publishing.everything_again()

    def delete_model(self, request: HttpRequest, obj: Section) -> None:
        lists.due([obj.path])
        super().delete_model(request, obj)
        publishing.everything_again()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Section]) -> None:
        for section in queryset:
            self.delete_model(request, section)
