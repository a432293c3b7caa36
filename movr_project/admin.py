from django.contrib.admin import AdminSite


class MovrAdminSite(AdminSite):
    pass
