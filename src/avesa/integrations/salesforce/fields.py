"""The fields that are asked for of each sObject. One that the user may not see, or that the organisation does not have,
would refuse the whole query (INVALID_FIELD), so those of portals, entitlements and self-service are left out.
"""

from __future__ import annotations

FIELDS = {
    "Account": (
        "Id, IsDeleted, MasterRecordId, Name, Type, ParentId, BillingStreet, BillingCity, BillingState, "
        "BillingPostalCode, BillingCountry, BillingAddress, ShippingStreet, ShippingCity, ShippingState, "
        "ShippingPostalCode, ShippingCountry, ShippingAddress, Phone, Fax, Website, Industry, AnnualRevenue, "
        "NumberOfEmployees, Description, OwnerId, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, "
        "SystemModstamp, LastActivityDate, LastViewedDate, LastReferencedDate, AccountSource"
    ),
    "Contact": (
        "Id, IsDeleted, MasterRecordId, AccountId, LastName, FirstName, Salutation, Name, OtherStreet, OtherCity, "
        "OtherState, OtherPostalCode, OtherCountry, OtherAddress, MailingStreet, MailingCity, MailingState, "
        "MailingPostalCode, MailingCountry, MailingAddress, Phone, Fax, MobilePhone, HomePhone, OtherPhone, "
        "AssistantPhone, ReportsToId, Email, Title, Department, AssistantName, LeadSource, Birthdate, Description, "
        "OwnerId, HasOptedOutOfEmail, HasOptedOutOfFax, DoNotCall, CreatedDate, SystemModstamp, CreatedById, "
        "LastModifiedDate, LastModifiedById, LastActivityDate"
    ),
    "Case": (
        "Id, IsDeleted, CaseNumber, ContactId, AccountId, AssetId, ProductId, SourceId, BusinessHoursId, ParentId, "
        "SuppliedName, SuppliedEmail, SuppliedPhone, SuppliedCompany, Type, Status, Reason, Origin, Subject, "
        "Priority, Description, IsClosed, ClosedDate, IsEscalated, OwnerId, CreatedDate, CreatedById, "
        "LastModifiedDate, LastModifiedById, SystemModstamp, ContactPhone"
    ),
    "CaseComment": (
        "Id, ParentId, IsPublished, CommentBody, CreatedById, CreatedDate, SystemModstamp, LastModifiedDate, "
        "LastModifiedById, IsDeleted"
    ),
    "User": (
        "Id, Username, LastName, FirstName, Name, CompanyName, Division, Department, Title, Street, City, State, "
        "PostalCode, Country, Address, Email, SenderEmail, SenderName, Phone, Fax, MobilePhone, Alias, "
        "CommunityNickname, IsActive, TimeZoneSidKey, UserRoleId, LocaleSidKey, ReceivesInfoEmails, "
        "ReceivesAdminInfoEmails, EmailEncodingKey, ProfileId, UserType, LanguageLocaleKey, EmployeeNumber, "
        "ManagerId, LastLoginDate, SystemModstamp, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById"
    ),
    "Opportunity": (
        "Id, IsDeleted, AccountId, Name, Description, StageName, Amount, Probability, CloseDate, Type, NextStep, "
        "LeadSource, IsClosed, IsWon, ForecastCategory, ForecastCategoryName, CampaignId, HasOpportunityLineItem, "
        "Pricebook2Id, OwnerId, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, "
        "LastActivityDate, FiscalQuarter, FiscalYear, Fiscal, LastViewedDate, LastReferencedDate, HasOpenActivity, "
        "HasOverdueTask"
    ),
    "OpportunityLineItem": (
        "Id, OpportunityId, SortOrder, PricebookEntryId, Product2Id, ProductCode, Name, Quantity, TotalPrice, "
        "UnitPrice, ListPrice, ServiceDate, Description, CreatedDate, CreatedById, LastModifiedDate, "
        "LastModifiedById, SystemModstamp, IsDeleted"
    ),
    "Lead": (
        "Id, IsDeleted, MasterRecordId, LastName, FirstName, Salutation, Name, Title, Company, Street, City, State, "
        "PostalCode, Country, Address, Phone, Email, Website, Description, LeadSource, Status, Industry, Rating, "
        "AnnualRevenue, NumberOfEmployees, OwnerId, IsConverted, ConvertedDate, ConvertedAccountId, "
        "ConvertedContactId, ConvertedOpportunityId, IsUnreadByOwner, CreatedDate, CreatedById, LastModifiedDate, "
        "LastModifiedById, SystemModstamp, LastActivityDate, LastViewedDate, LastReferencedDate"
    ),
    "Task": (
        "Id, WhoId, WhatId, Subject, ActivityDate, Status, Priority, IsHighPriority, OwnerId, Description, "
        "IsDeleted, AccountId, IsClosed, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, "
        "SystemModstamp, IsArchived, CallDurationInSeconds, CallType, CallDisposition, CallObject, "
        "ReminderDateTime, IsReminderSet, IsRecurrence, TaskSubtype"
    ),
    "Event": (
        "Id, WhoId, WhatId, Subject, Location, IsAllDayEvent, ActivityDateTime, ActivityDate, DurationInMinutes, "
        "StartDateTime, EndDateTime, Description, AccountId, OwnerId, IsPrivate, ShowAs, IsDeleted, IsChild, "
        "IsGroupEvent, GroupEventType, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, "
        "SystemModstamp, IsArchived, IsRecurrence, ReminderDateTime, IsReminderSet, EventSubtype"
    ),
    "Product2": (
        "Id, Name, ProductCode, Description, IsActive, CreatedDate, CreatedById, LastModifiedDate, "
        "LastModifiedById, SystemModstamp, Family, ExternalDataSourceId, ExternalId, DisplayUrl, "
        "QuantityUnitOfMeasure, IsDeleted, IsArchived, LastViewedDate, LastReferencedDate, StockKeepingUnit"
    ),
    "Pricebook2": (
        "Id, IsDeleted, Name, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, "
        "LastViewedDate, LastReferencedDate, IsActive, IsArchived, Description, IsStandard"
    ),
    "PricebookEntry": (
        "Id, Name, Pricebook2Id, Product2Id, UnitPrice, IsActive, UseStandardPrice, CreatedDate, CreatedById, "
        "LastModifiedDate, LastModifiedById, SystemModstamp, ProductCode, IsDeleted"
    ),
    "Contract": (
        "Id, AccountId, OwnerExpirationNotice, StartDate, EndDate, BillingStreet, BillingCity, BillingState, "
        "BillingPostalCode, BillingCountry, BillingAddress, ShippingStreet, ShippingCity, ShippingState, "
        "ShippingPostalCode, ShippingCountry, ShippingAddress, ContractTerm, OwnerId, Status, CompanySignedId, "
        "CompanySignedDate, CustomerSignedId, CustomerSignedTitle, CustomerSignedDate, SpecialTerms, ActivatedById, "
        "ActivatedDate, StatusCode, Description, IsDeleted, ContractNumber, LastApprovedDate, CreatedDate, "
        "CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, LastActivityDate, LastViewedDate"
    ),
    "Asset": (
        "Id, ContactId, AccountId, ParentId, RootAssetId, Product2Id, ProductCode, IsCompetitorProduct, "
        "CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, IsDeleted, Name, "
        "SerialNumber, InstallDate, PurchaseDate, UsageEndDate, Status, Price, Quantity, Description, OwnerId, "
        "AssetProvidedById, AssetServicedById, IsInternal, AssetLevel, StockKeepingUnit, LastViewedDate, "
        "LastReferencedDate"
    ),
    "Order": (
        "Id, OwnerId, ContractId, AccountId, Pricebook2Id, OriginalOrderId, EffectiveDate, EndDate, "
        "IsReductionOrder, Status, Description, CustomerAuthorizedById, CompanyAuthorizedById, Type, BillingStreet, "
        "BillingCity, BillingState, BillingPostalCode, BillingCountry, BillingAddress, ShippingStreet, "
        "ShippingCity, ShippingState, ShippingPostalCode, ShippingCountry, ShippingAddress, ActivatedDate, "
        "ActivatedById, StatusCode, OrderNumber, TotalAmount, CreatedDate, CreatedById, LastModifiedDate, "
        "LastModifiedById, IsDeleted, SystemModstamp, LastViewedDate, LastReferencedDate"
    ),
    "Campaign": (
        "Id, IsDeleted, Name, ParentId, Type, Status, StartDate, EndDate, ExpectedRevenue, BudgetedCost, "
        "ActualCost, ExpectedResponse, NumberSent, IsActive, Description, NumberOfLeads, NumberOfConvertedLeads, "
        "NumberOfContacts, NumberOfResponses, NumberOfOpportunities, NumberOfWonOpportunities, "
        "AmountAllOpportunities, AmountWonOpportunities, OwnerId, CreatedDate, CreatedById, LastModifiedDate, "
        "LastModifiedById, SystemModstamp, LastActivityDate, LastViewedDate, LastReferencedDate, "
        "CampaignMemberRecordTypeId"
    ),
}
